//! All hostile archives, for tests that go through them.

use super::{
    absolute_path, backslash_path, bad_checksum, block_device, bomb, bomb_of_bytes, control_path,
    device, drive_path, empty, empty_tar, extended_path, fifo, file_behind_the_end, gzip_in_gzip,
    hardlink, long_name, many_entries, many_members, no_chart_yaml, no_root, parent_path,
    path_of_other_bytes, plain_tar, setuid, sparse, symlink, symlink_then_file, trailing_bytes,
    trailing_member, truncated, two_chart_yamls, two_roots, two_sizes, wrong_tar_checksum, zip,
};

/// A hostile archive that is not made yet.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Hostile {
    /// What is wrong with it: the name of the function that makes it.
    pub name: &'static str,
    /// Whether Helm 4.3.1 (`helm show chart`) takes it for a chart. Whoever is stricter has
    /// reasons.
    pub helm_takes_it: bool,
    make: fn() -> Vec<u8>,
}

impl Hostile {
    /// The archive.
    pub fn archive(&self) -> Vec<u8> {
        (self.make)()
    }
}

/// Every kind of hostile archive, in sizes that pass the usual limits.
pub fn all() -> Vec<Hostile> {
    vec![
        taken("absolute_path", absolute_path),
        refused("parent_path", parent_path),
        refused("backslash_path", backslash_path),
        refused("drive_path", drive_path),
        taken("control_path", control_path),
        taken("path_of_other_bytes", path_of_other_bytes),
        taken("symlink", symlink),
        taken("symlink_then_file", symlink_then_file),
        taken("hardlink", hardlink),
        taken("device", device),
        taken("block_device", block_device),
        taken("fifo", fifo),
        taken("setuid", setuid),
        taken("many_entries", || many_entries(100_001)),
        refused("sparse", || sparse(8 << 30)),
        taken("two_sizes", two_sizes),
        refused("extended_path", extended_path),
        refused("long_name", long_name),
        taken("two_chart_yamls", two_chart_yamls),
        refused("no_root", no_root),
        taken("two_roots", two_roots),
        refused("no_chart_yaml", no_chart_yaml),
        taken("file_behind_the_end", file_behind_the_end),
        refused("wrong_tar_checksum", wrong_tar_checksum),
        refused("empty", empty),
        refused("empty_tar", empty_tar),
        taken("trailing_bytes", trailing_bytes),
        taken("trailing_member", trailing_member),
        taken("many_members", many_members),
        refused("gzip_in_gzip", gzip_in_gzip),
        refused("plain_tar", plain_tar),
        refused("truncated", truncated),
        taken("bad_checksum", bad_checksum),
        refused("zip", zip),
        refused("bomb", || bomb(10 << 30)),
        taken("bomb_of_bytes", || bomb_of_bytes(1 << 30, 1 << 20)),
    ]
}

fn taken(name: &'static str, make: fn() -> Vec<u8>) -> Hostile {
    Hostile {
        name,
        helm_takes_it: true,
        make,
    }
}

fn refused(name: &'static str, make: fn() -> Vec<u8>) -> Hostile {
    Hostile {
        helm_takes_it: false,
        ..taken(name, make)
    }
}
