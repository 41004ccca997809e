//! How much memory a document may come to once its aliases are written out.

use std::cell::Cell;

/// What a scalar comes to, besides its text, in bytes.
const SCALAR: u64 = 64;

/// What a list or a map comes to, besides what is in it: a map of one entry takes this much.
const COLLECTION: u64 = 640;

/// What is left of a budget of bytes, shared by documents that are kept together.
///
/// The parser bounds how many nodes there are, how long their texts and how deep they lie in one
/// another. None of that says how much memory they take: a map of one entry has room for eleven.
#[derive(Debug)]
pub(crate) struct Room {
    limit: u64,
    left: Cell<u64>,
}

impl Default for Room {
    /// For one metadata file.
    fn default() -> Self {
        Self::of(64 << 20)
    }
}

impl Room {
    pub(crate) fn of(bytes: u64) -> Self {
        Self {
            limit: bytes,
            left: Cell::new(bytes),
        }
    }

    pub(super) fn take_scalar(&self, text: usize) -> Result<(), RoomError> {
        self.take(SCALAR.saturating_add(text as u64))
    }

    pub(super) fn take_collection(&self) -> Result<(), RoomError> {
        self.take(COLLECTION)
    }

    fn take(&self, bytes: u64) -> Result<(), RoomError> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => self.left.set(left),
            None => return Err(RoomError { limit: self.limit }),
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it takes more than {limit} bytes once its aliases are written out")]
pub(super) struct RoomError {
    limit: u64,
}
