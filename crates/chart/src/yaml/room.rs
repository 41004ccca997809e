//! How much memory a document may come to once its aliases are written out.

use std::cell::Cell;

/// How deep lists and maps may lie in one another; the parser's own bound counts what is written
/// only, and one alias leads to the next.
pub(crate) const MAX_DEPTH: u32 = 64;

/// What a scalar comes to, besides its text, in bytes.
const SCALAR: u64 = 64;

/// What a list or a map comes to, besides what is in it: a map of one entry takes this much.
const COLLECTION: u64 = 640;

/// What is left of a budget of bytes, shared by documents that are kept together.
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

    pub(super) fn take_collection(&self, depth: u32) -> Result<(), RoomError> {
        if depth >= MAX_DEPTH {
            return Err(RoomError::Depth);
        }
        self.take(COLLECTION)
    }

    fn take(&self, bytes: u64) -> Result<(), RoomError> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => self.left.set(left),
            None => return Err(RoomError::Bytes { limit: self.limit }),
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RoomError {
    #[error("lists and maps lie more than {MAX_DEPTH} deep in one another")]
    Depth,
    #[error("it takes more than {limit} bytes once its aliases are written out")]
    Bytes { limit: u64 },
}
