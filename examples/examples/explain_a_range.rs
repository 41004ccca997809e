//! You asked for a range, and got another version than you thought, or none.
//!
//! ```console
//! $ cargo run --example explain_a_range
//! ```
//!
//! Nothing here asks a registry: choosing a version is a pure function.

use anyhow::Result;
use portolan_resolve::{Wanted, choose_tag};

/// The tags of a registry, in the order in which it happens to list them.
const TAGS: [&str; 7] = [
    "latest",
    "1.9.0",
    "1.10.0",
    "1.10.1_build.7",
    "2.0.0-rc.1",
    "v2.0.0",
    "sha256-0123.sig",
];

fn main() -> Result<()> {
    for range in ["1.x", "~1.9", ">=2", ">=2-0", "1.9.0 - 1.10.0", "^3"] {
        let choice = choose_tag(&Wanted::parse(range)?, TAGS);
        println!("{}\n", choice.explanation());
    }

    // The same as data: what became of each tag.
    let choice = choose_tag(&Wanted::parse("~1.9")?, TAGS);
    for considered in choice.explanation().verdicts() {
        println!("{:16} {:?}", considered.tag(), considered.verdict());
    }
    Ok(())
}
