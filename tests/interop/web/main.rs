//! What Ockam says over WebSockets: its encoder and decoder (ockam_core), over the WebSockets that
//! ockam_transport_websocket 0.128 has, as src/workers/{sender,receiver}.rs there do it.
//!
//!     web answer ADDRESS          every message comes back, as from a worker `echo`
//!     web ask ADDRESS LENGTH…     messages of these lengths to the worker `echo` there
//!
//! Exit code 0: done; 1: it failed; 2: usage.

use std::error::Error;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ockam_core::{route, Decodable, Encodable, LocalMessage, Route, TransportMessage};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::Message;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PATIENCE: Duration = Duration::from_secs(60);

fn encoded(onward: Route, back: Route, payload: Vec<u8>) -> Outcome<Message> {
    let message = LocalMessage::new()
        .with_onward_route(onward)
        .with_return_route(back)
        .with_payload(payload);
    Ok(Message::from(message.into_transport_message().encode()?))
}

fn decoded(message: Message) -> Outcome<LocalMessage> {
    let message = TransportMessage::decode(&message.into_data())?;
    Ok(LocalMessage::from_transport_message(message))
}

async fn answer(address: &str) -> Outcome<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    loop {
        let mut socket = tokio_tungstenite::accept_async(listener.accept().await?.0).await?;
        while let Some(Ok(message)) = socket.next().await {
            if !message.is_binary() {
                continue; // ping, pong and close are the library's
            }
            let message = decoded(message)?;
            println!("came to {}", message.onward_route());
            let back = message.return_route().clone();
            socket.send(encoded(back, route!["echo"], message.payload().to_vec())?).await?;
        }
    }
}

async fn ask(address: &str, lengths: &[String]) -> Outcome<()> {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/")).await?;
    for length in lengths {
        let payload: Vec<u8> = (0..length.parse()?).map(|i: u32| (i % 251) as u8).collect();
        socket.send(encoded(route!["echo"], route!["asker"], payload.clone())?).await?;
        let reply = loop {
            let message = socket.next().await.ok_or("the connection has ended")??;
            if message.is_binary() {
                break decoded(message)?;
            }
        };
        if reply.onward_route() != &route!["asker"] || reply.payload() != payload {
            return Err(format!("{length} bytes came back as others, or to {}", reply.onward_route()).into());
        }
        println!("{length} came back from {}", reply.return_route());
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    match (args.first().map(String::as_str), args.get(1)) {
        (Some("answer"), Some(address)) => runtime.block_on(answer(address)),
        (Some("ask"), Some(address)) => {
            runtime.block_on(async { tokio::time::timeout(PATIENCE, ask(address, &args[2..])).await? })
        }
        _ => {
            eprintln!("usage: web answer ADDRESS | web ask ADDRESS LENGTH…");
            std::process::exit(2);
        }
    }
}
