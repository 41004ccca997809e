//! A registry to try other clients against, until a line or the end comes on standard input.
//!
//! ```sh
//! cargo run -p portolan-kit --example registry -- token-auth alice:sesame redirect-blobs
//! helm push --plain-http podinfo-1.0.0.tgz oci://127.0.0.1:40001/charts
//! ```

#![expect(
    clippy::print_stdout,
    reason = "it tells where it is, and what it was asked"
)]

use std::time::Instant;

use portolan_kit::Registry;

fn main() {
    let mut builder = Registry::builder();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        builder = match word.as_str() {
            "redirect-blobs" => builder.redirect_blobs(),
            "without-referrers" => builder.without_referrers(),
            "tls" => builder.tls(),
            "token-service-elsewhere" => builder.token_service_elsewhere(),
            "basic-auth" | "token-auth" => {
                let account = words.next().expect("USER:PASSWORD");
                let (user, password) = account.split_once(':').expect("USER:PASSWORD");
                match word.as_str() {
                    "basic-auth" => builder.basic_auth(user, password),
                    _ => builder.token_auth(user, password),
                }
            }
            "page-size" => {
                let size = words.next().and_then(|size| size.parse().ok());
                builder.page_size(size.expect("a number of tags"))
            }
            _ => panic!("`{word}` is none of the words known here"),
        };
    }
    let began = Instant::now();
    let registry = builder.start_blocking();
    println!("{} after {:?}", registry.url(), began.elapsed());
    // An error is as good as a line: there is nobody to wait for.
    let _ = std::io::stdin().read_line(&mut String::new());
    for seen in registry.requests() {
        let status = seen.status.unwrap_or_default();
        println!("{} {status} {seen}", seen.server);
    }
}
