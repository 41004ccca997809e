//! Lists of lies that belong together, for tests that go through all of them.

use std::time::Duration;

use super::{Lie, Realm, RedirectTo, Target};

impl Lie {
    /// Every way of never getting an answer to what `at` names: refusals, lost connections and
    /// stalls. All are told for ever.
    pub fn outages(at: Target) -> Vec<Self> {
        let times = Self::ALWAYS;
        let retry_after = Some("1".to_owned());
        let mut lies: Vec<Self> = [500, 502, 503, 504]
            .map(|status| Self::Status { at, status, times })
            .into();
        lies.extend([
            Self::TooManyRequests {
                at,
                retry_after,
                times,
            },
            Self::TooManyRequests {
                at,
                retry_after: None,
                times,
            },
            Self::HangUp { at, times },
            Self::Reset { at, times },
            Self::StallBeforeHeaders { at, times },
        ]);
        lies
    }

    /// Every way of sending a body that is not the one that was promised. None of it may be kept.
    pub fn body_lies(at: Target) -> Vec<Self> {
        let times = Self::ALWAYS;
        let cuts = (0..16).map(|sixteenths| Self::Cut {
            at,
            sixteenths,
            times,
        });
        let others = [
            Self::StallMidBody { at, times },
            Self::ResetMidBody { at, times },
            Self::SlowDrip {
                at,
                bytes: 1,
                pause: Duration::from_secs(1),
            },
            Self::LengthTooLong { at },
            Self::LengthTooShort { at },
            Self::ExtraBytes { at, bytes: 1 },
            Self::ExtraBytes { at, bytes: 1 << 20 },
            Self::WrongBytes { at },
            Self::Endless { at },
            Self::EmptyBody { at },
            Self::LoginPage { at },
        ];
        cuts.chain(others).collect()
    }

    /// [`body_lies`](Self::body_lies) of blobs.
    pub fn blob_lies() -> Vec<Self> {
        Self::body_lies(Target::Blobs)
    }

    /// Every manifest that no chart can be pulled by. A digest that the client knew before is
    /// honest still.
    pub fn manifest_lies() -> Vec<Self> {
        let at = Target::Manifests;
        vec![
            Self::Schema1,
            Self::ImageIndex,
            Self::EmptyLayers,
            Self::NoChartLayer,
            Self::TwoChartLayers,
            Self::NotAChart,
            Self::LayersAndManifests,
            Self::LayerSize("9223372036854775808".to_owned()),
            Self::LayerSize("-1".to_owned()),
            Self::LayerSize("1e400".to_owned()),
            Self::LayerSize("\"12\"".to_owned()),
            Self::LayerSize("null".to_owned()),
            Self::LayerDigest(String::new()),
            Self::LayerDigest("sha256:../../../etc/passwd".to_owned()),
            Self::LayerDigest("md5:d41d8cd98f00b204e9800998ecf8427e".to_owned()),
            Self::MediaTypeField("application/vnd.oci.image.index.v1+json".to_owned()),
            Self::HugeManifest(5 << 20),
            Self::LoginPage { at },
            Self::ContentType {
                at,
                media_type: "text/html".to_owned(),
            },
            Self::InvalidJson { at },
            Self::EmptyBody { at },
            Self::Endless { at },
        ]
    }

    /// Digest headers that are wrong or missing, and `HEAD`s that are refused: a client that looks
    /// at the bytes pulls the right chart all the same.
    pub fn head_lies() -> Vec<Self> {
        let at = Target::Manifests;
        vec![
            Self::HeadStatus(401),
            Self::HeadStatus(404),
            Self::HeadStatus(405),
            Self::HeadOfFile,
            Self::NoDigestHeader { at },
        ]
    }

    /// Lists of tags that are odd and complete. The right version can be chosen from each.
    pub fn odd_tag_lists() -> Vec<Self> {
        vec![
            Self::ManyTags(100_000),
            Self::OneTagPerPage,
            Self::OpaqueCursor,
            Self::RelativeCursor,
            Self::UnsortedTags,
            Self::DuplicateTags,
            Self::InvalidTags,
            Self::NoLength { at: Target::Tags },
        ]
    }

    /// Lists of tags that a client must not follow to their end, or cannot read.
    pub fn tag_lies() -> Vec<Self> {
        let at = Target::Tags;
        let times = Self::ALWAYS;
        vec![
            Self::EndlessPages,
            Self::LinkLoop { pages: 1 },
            Self::LinkLoop { pages: 3 },
            Self::LinkToOtherHost,
            Self::LinkToOtherScheme,
            Self::LinkLosesFolder,
            Self::LinkToOtherPath,
            Self::HugeTagName(10 << 20),
            Self::NullTags,
            Self::InvalidJson { at },
            Self::EmptyBody { at },
            Self::LoginPage { at },
            Self::Endless { at },
            Self::Cut {
                at,
                sixteenths: 8,
                times,
            },
            Self::Status {
                at,
                status: 404,
                times,
            },
            Self::Status {
                at,
                status: 403,
                times,
            },
        ]
    }

    /// Token services that never give a token that can be used, and registries that take none.
    pub fn token_lies() -> Vec<Self> {
        let at = Target::Token;
        let times = Self::ALWAYS;
        vec![
            Self::UnauthorizedLoop {
                at: Target::Everything,
            },
            Self::EmptyToken,
            Self::HugeTokenBody(1 << 20),
            Self::Endless { at },
            Self::InvalidJson { at },
            Self::EmptyBody { at },
            Self::LoginPage { at },
            Self::Status {
                at,
                status: 401,
                times,
            },
            Self::Status {
                at,
                status: 403,
                times,
            },
            Self::Challenge("Bearer".to_owned()),
            Self::Challenge("Bearer realm=\"\"".to_owned()),
            Self::Challenge("Negotiate".to_owned()),
        ]
    }

    /// Challenges that send a client's login where it must not go, if the registry's own token
    /// service is the only one it trusts.
    pub fn realm_lies() -> Vec<Self> {
        let literals = [
            "http://169.254.169.254/latest/meta-data/",
            "http://[fd00:ec2::254]/latest/meta-data/",
            "http://10.0.0.1/token",
            "http://192.168.0.1/token",
            "https://172.16.0.1/token",
            "https://[fe80::1]/token",
            "https://[::ffff:169.254.169.254]/token",
            "file:///etc/passwd",
        ];
        let named = [Realm::OtherOrigin, Realm::PlainHttp];
        let literals = literals.map(|url| Realm::Url(url.to_owned()));
        named.into_iter().chain(literals).map(Self::Realm).collect()
    }

    /// Redirects that a client must not follow to their end. From a registry with TLS
    /// [`RedirectTo::PlainHttp`] is one more.
    pub fn redirect_lies(at: Target) -> Vec<Self> {
        [
            RedirectTo::OtherOriginAsking,
            RedirectTo::Chain(11),
            RedirectTo::Loop,
            RedirectTo::Url("http://169.254.169.254/latest/meta-data/".to_owned()),
            RedirectTo::Url("http://10.0.0.1/".to_owned()),
            RedirectTo::Url("file:///etc/passwd".to_owned()),
            RedirectTo::Nowhere,
        ]
        .map(|to| Self::Redirect {
            at,
            status: 307,
            to,
        })
        .into()
    }

    /// Redirects that a client follows, and leaves its login behind if they lead away.
    pub fn fair_redirects(at: Target) -> Vec<Self> {
        [
            (307, RedirectTo::OtherOrigin),
            (302, RedirectTo::OtherOrigin),
            (307, RedirectTo::Chain(10)),
            (308, RedirectTo::Relative),
        ]
        .map(|(status, to)| Self::Redirect { at, status, to })
        .into()
    }
}
