//! Writes every hostile archive into a folder, to see what other tools make of them.
//!
//! ```sh
//! cargo run -p portolan-kit --example hostile -- /tmp/hostile
//! for archive in /tmp/hostile/*.tgz; do helm show chart "$archive"; done
//! ```

use std::fs;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).expect("a folder to write to");
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    for hostile in portolan_kit::hostile::all() {
        let file = folder.join(hostile.name).with_extension("tgz");
        fs::write(file, hostile.archive())?;
    }
    Ok(())
}
