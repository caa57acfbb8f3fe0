//! `size-of` implements its trait for every type, so nothing is derived.

#[proc_macro_derive(SizeOf, attributes(size_of))]
pub fn derive(_: proc_macro::TokenStream) -> proc_macro::TokenStream {
    proc_macro::TokenStream::new()
}
