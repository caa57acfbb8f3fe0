//! Every type has a size; nobody here needs the heap's part of it.

pub use size_of_derive::SizeOf;

#[derive(Clone, Copy, Debug)]
pub struct TotalSize(usize);

impl TotalSize {
    pub fn total_bytes(&self) -> usize {
        self.0
    }
}

pub trait SizeOf {
    fn size_of(&self) -> TotalSize {
        TotalSize(std::mem::size_of_val(self))
    }
}

impl<T: ?Sized> SizeOf for T {}
