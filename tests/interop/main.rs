//! The `ockam` command from its published crates, with the allocator its
//! released binaries have.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if let Err(error) = ockam_command::entry_point::run() {
        eprintln!("{error:?}");
        std::process::exit(70);
    }
}
