//! What an archive, and the archives inside it, may still cost.

use crate::{Excess, Limits};

/// Counts entries and bytes down.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    entries: u64,
    bytes: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            entries: limits.max_entries,
            bytes: limits.max_unpacked_bytes,
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn take_entry(&mut self) -> Result<(), Excess> {
        let Some(left) = self.entries.checked_sub(1) else {
            return Err(Excess::Entries {
                limit: self.limits.max_entries,
            });
        };
        self.entries = left;
        Ok(())
    }

    /// Take `bytes` before they are read. As in Helm, the limit itself is too much.
    pub(crate) fn take_bytes(&mut self, bytes: u64) -> Result<(), Excess> {
        if bytes >= self.bytes {
            return Err(Excess::UnpackedBytes {
                limit: self.limits.max_unpacked_bytes,
            });
        }
        self.bytes -= bytes;
        Ok(())
    }
}

impl Limits {
    /// Check that the metadata file `file` is not too large.
    pub(crate) fn check_file(&self, file: &str, bytes: u64) -> Result<(), Excess> {
        if bytes > self.max_file_bytes {
            return Err(Excess::FileBytes {
                file: file.to_owned(),
                limit: self.max_file_bytes,
            });
        }
        Ok(())
    }
}
