//! Benchmarks. Each prints our figure, the peer's, the ratio, and the physical limit.
//!
//! ```console
//! $ tests/tools/build && cargo build --release -p portolan -p portolan-controller
//! $ cargo run --release -p portolan-bench -- pull serve start unchanged tags unmodified repackage dependencies index verify
//! ```
//!
//! CPU and memory compare between machines; seconds only within one run. Peers that are not installed
//! are named as missing, and their column stays empty. Needs GNU `time`, and `wrk` for `serve`.

mod delay;
mod dependencies;
mod index;
mod measure;
mod pull;
mod repackage;
mod serve;
mod start;
mod table;
mod tags;
mod unchanged;
mod unmodified;
mod verify;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let [command, folder, port] = &asked[..]
        && command == "serve-folder"
    {
        return serve::serve_folder(folder.as_ref(), port.parse()?);
    }
    if let [command, folder, values, out] = &asked[..]
        && command == "repackage-folder"
    {
        return repackage::repackage_folder(folder.as_ref(), values.as_ref(), out.as_ref());
    }
    if let [command, act, file] = &asked[..]
        && command == "index-act"
    {
        return index::act(act, file.as_ref());
    }
    if let [command, act, count] = &asked[..]
        && command == "verify-act"
    {
        return verify::act(act, count.parse()?);
    }
    let all = [
        "pull",
        "serve",
        "start",
        "unchanged",
        "tags",
        "unmodified",
        "repackage",
        "dependencies",
        "index",
        "verify",
    ]
    .map(str::to_owned);
    for name in if asked.is_empty() { &all[..] } else { &asked } {
        match name.as_str() {
            "pull" => pull::run()?,
            "serve" => serve::run()?,
            "start" => start::run()?,
            "unchanged" => unchanged::run()?,
            "tags" => tags::run()?,
            "unmodified" => unmodified::run()?,
            "repackage" => repackage::run()?,
            "dependencies" => dependencies::run()?,
            "index" => index::run()?,
            "verify" => verify::run()?,
            other => bail!("`{other}` is none of {}", all.join(", ")),
        }
    }
    Ok(())
}
