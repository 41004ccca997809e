//! What a request asks for.

use crate::name::StoredPath;

/// What a request's path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// `/`: whether the server is there.
    Root,
    /// A path below the storage that an artifact or a link can have.
    File(String),
    /// A path that nothing served has.
    Nothing,
    /// No path of an honest client.
    Refused,
}

impl Target {
    /// Read the path of a request, percent-encoded as it came.
    pub(super) fn of(path: &str) -> Self {
        let Some(encoded) = path.strip_prefix('/') else {
            return Self::Refused;
        };
        if encoded.is_empty() {
            return Self::Root;
        }
        let Some(decoded) = decode(encoded) else {
            return Self::Refused;
        };
        if decoded.split('/').any(|part| part == "." || part == "..") {
            return Self::Refused;
        }
        match StoredPath::parse(&decoded) {
            Ok(_) => Self::File(decoded),
            Err(_) => Self::Nothing,
        }
    }
}

/// Undo percent-encoding, once. Refused is what would mean something else to whoever looks at the
/// path before or after: an encoded separator, a control character, something still encoded.
fn decode(encoded: &str) -> Option<String> {
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => match hex(bytes.next()?)? << 4 | hex(bytes.next()?)? {
                b'/' | b'%' => return None,
                byte => byte,
            },
            byte => byte,
        };
        if byte.is_ascii_control() || byte == b'\\' {
            return None;
        }
        decoded.push(byte);
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &Target) {
        assert_eq!(Target::of(path), *expected, "{path}");
    }

    fn file(path: &str) -> Target {
        Target::File(path.to_owned())
    }

    #[test]
    fn the_paths_that_flux_writes_are_files() {
        check(
            "/helmchart/ns/app/app-1.0.0.tgz",
            &file("helmchart/ns/app/app-1.0.0.tgz"),
        );
        check(
            "/helmchart/ns/app/a-1.0.0+3.tgz",
            &file("helmchart/ns/app/a-1.0.0+3.tgz"),
        );
        check(
            "/helmchart/ns/app/a-1.0.0%2B3.tgz",
            &file("helmchart/ns/app/a-1.0.0+3.tgz"),
        );
        check(
            "/helmchart/ns/app/team/latest.tar.gz",
            &file("helmchart/ns/app/team/latest.tar.gz"),
        );
        check(
            "/ocirepository/ns/app/sha256:ab.tar.gz",
            &file("ocirepository/ns/app/sha256:ab.tar.gz"),
        );
        check(
            "/ocirepository/ns/app/sha256%3Aab.tar.gz",
            &file("ocirepository/ns/app/sha256:ab.tar.gz"),
        );
    }

    #[test]
    fn a_folder_is_nothing() {
        check("/", &Target::Root);
        check("/helmchart", &Target::Nothing);
        check("/helmchart/ns/app", &Target::Nothing);
        check("/helmchart/ns/app/", &Target::Nothing);
        check("//", &Target::Nothing);
        check("/helmchart//app/x.tgz", &Target::Nothing);
    }

    #[test]
    fn locks_and_the_stores_own_folder_are_nothing() {
        check("/.portolan/staging/0123", &Target::Nothing);
        check(
            "/.portolan/records/helmchart/ns/app/a.tgz.json",
            &Target::Nothing,
        );
        check("/helmchart/ns/app/a.tgz.lock", &Target::Nothing);
        check("/helmchart/ns/app/a.tgz.%6cock", &Target::Nothing);
        check("/helmchart/ns/app/a.tgz.LOCK", &Target::Nothing);
        check("/helmchart/ns/app/.hidden", &Target::Nothing);
        check("/helmchart/ns/app/team/.hidden", &Target::Nothing);
        check("/%2eportolan/staging/a/b", &Target::Nothing);
    }

    #[test]
    fn a_path_that_climbs_is_refused_however_it_is_written() {
        for path in [
            "/..",
            "/../etc/passwd",
            "/helmchart/ns/app/../../../../etc/passwd",
            "/helmchart/ns/app/..%2f..%2fetc%2fpasswd",
            "/helmchart/ns%2fapp/x.tgz",
            "/helmchart/ns/app/team%2Fx.tgz",
            "/helmchart/ns/app/%2e%2e/x.tgz",
            "/helmchart/ns/app/.%2E/x.tgz",
            "/helmchart/./app/x.tgz",
            "/helmchart/ns/app/..%5cx.tgz",
            "/helmchart/ns/app/a\\b.tgz",
        ] {
            check(path, &Target::Refused);
        }
    }

    #[test]
    fn what_is_encoded_twice_or_badly_is_refused() {
        for path in [
            "/helmchart/ns/app/%252e%252e/x.tgz",
            "/helmchart/ns/app/a%00.tgz",
            "/helmchart/ns/app/a%0d%0ab.tgz",
            "/helmchart/ns/app/a%7f.tgz",
            "/helmchart/ns/app/a%",
            "/helmchart/ns/app/a%2",
            "/helmchart/ns/app/a%zz.tgz",
            "/helmchart/ns/app/a%+1.tgz",
            "/helmchart/ns/app/a%ff.tgz",
            "",
            "*",
            "helmchart/ns/app/x.tgz",
        ] {
            check(path, &Target::Refused);
        }
    }
}
