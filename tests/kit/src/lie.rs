//! The lies a registry can be told to tell.

mod groups;

use std::time::Duration;

/// One way in which a registry is wrong, slow or hostile.
///
/// [`Registry::tell`](crate::Registry::tell) lets it be told, on top of what is told already, until
/// [`Registry::be_honest`](crate::Registry::be_honest). What a lie does not mention stays as it is:
/// who may not pull is refused before a blob is cut short.
///
/// Lies with `times` are told that often and then no more; [`Lie::ALWAYS`] never ends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lie {
    /// 429, with this text as `Retry-After` if there is one: seconds, a date, or nonsense.
    TooManyRequests {
        /// What is asked for when it is told.
        at: Target,
        /// The header as sent.
        retry_after: Option<String>,
        /// How often.
        times: u32,
    },
    /// This status and the usual envelope, in place of an answer.
    Status {
        /// What is asked for when it is told.
        at: Target,
        /// The status.
        status: u16,
        /// How often.
        times: u32,
    },
    /// 401 with a challenge, whatever login the request carries.
    UnauthorizedLoop {
        /// What is asked for when it is told.
        at: Target,
    },
    /// The connection is closed in place of an answer.
    HangUp {
        /// What is asked for when it is told.
        at: Target,
        /// How often.
        times: u32,
    },
    /// The connection is reset in place of an answer.
    Reset {
        /// What is asked for when it is told.
        at: Target,
        /// How often.
        times: u32,
    },
    /// The request is taken and nothing is ever said.
    StallBeforeHeaders {
        /// What is asked for when it is told.
        at: Target,
        /// How often.
        times: u32,
    },
    /// 200 and the HTML page of a portal that wants somebody to log in.
    LoginPage {
        /// What is asked for when it is told.
        at: Target,
    },
    /// `HEAD` of a manifest is answered with this status; `GET` is honest.
    HeadStatus(u16),
    /// `HEAD` of a manifest is answered as for a file: without a digest, and with
    /// `application/octet-stream` as its type.
    HeadOfFile,

    /// A redirect in place of what was asked for.
    Redirect {
        /// What is asked for when it is told.
        at: Target,
        /// The status: 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        to: RedirectTo,
    },

    /// The headers are right, then half of the body, then nothing more.
    StallMidBody {
        /// What is asked for when it is told.
        at: Target,
        /// How often.
        times: u32,
    },
    /// The headers are right, then half of the body, then a reset.
    ResetMidBody {
        /// What is asked for when it is told.
        at: Target,
        /// How often.
        times: u32,
    },
    /// The headers are right, and the body comes in pieces with a pause after each.
    SlowDrip {
        /// What is asked for when it is told.
        at: Target,
        /// How many bytes a piece has.
        bytes: usize,
        /// How long the pause is.
        pause: Duration,
    },
    /// The headers are right, and the connection is closed after some of the body.
    Cut {
        /// What is asked for when it is told.
        at: Target,
        /// How much of the body comes, in sixteenths.
        sixteenths: u8,
        /// How often.
        times: u32,
    },
    /// `Content-Length` names 1024 bytes more than come before the connection is closed.
    LengthTooLong {
        /// What is asked for when it is told.
        at: Target,
    },
    /// `Content-Length` names half of the bytes that come.
    LengthTooShort {
        /// What is asked for when it is told.
        at: Target,
    },
    /// No `Content-Length`: the body is chunked, and right.
    NoLength {
        /// What is asked for when it is told.
        at: Target,
    },
    /// More bytes than there should be, with a `Content-Length` that counts them.
    ExtraBytes {
        /// What is asked for when it is told.
        at: Target,
        /// How many more.
        bytes: usize,
    },
    /// The right answer, and behind it on the same connection one that nobody asked for.
    SecondAnswer {
        /// What is asked for when it is told.
        at: Target,
    },
    /// As many bytes as there should be, and not the right ones. JSON stays JSON.
    WrongBytes {
        /// What is asked for when it is told.
        at: Target,
    },
    /// The right body, and behind it blanks without end.
    Endless {
        /// What is asked for when it is told.
        at: Target,
    },
    /// 200 and no body.
    EmptyBody {
        /// What is asked for when it is told.
        at: Target,
    },
    /// 200 and JSON that breaks off.
    InvalidJson {
        /// What is asked for when it is told.
        at: Target,
    },
    /// Another `Content-Type` than it should be; none if the text is empty.
    ContentType {
        /// What is asked for when it is told.
        at: Target,
        /// The header as sent.
        media_type: String,
    },
    /// `Docker-Content-Digest` names other content.
    WrongDigestHeader {
        /// What is asked for when it is told.
        at: Target,
    },
    /// There is no `Docker-Content-Digest` and no `ETag`.
    NoDigestHeader {
        /// What is asked for when it is told.
        at: Target,
    },

    /// A blob is sent whole when a part of it is asked for.
    RangeIgnored,
    /// `Content-Range` names another part of the blob than comes.
    WrongRange,
    /// An upload is to go on at another origin.
    UploadElsewhere,

    /// A tag means another manifest after some requests that named the tag.
    TagMoves {
        /// The repository.
        repository: String,
        /// The tag.
        tag: String,
        /// The digest of the other manifest.
        to: String,
        /// How many requests still get the old one.
        after: u32,
    },
    /// A tag means a signed manifest of schema 1, from before there were digests.
    Schema1,
    /// A tag means an index that names the chart's manifest for one platform.
    ImageIndex,
    /// A tag means a manifest without layers.
    EmptyLayers,
    /// A tag means a manifest whose only layer is that of a container image.
    NoChartLayer,
    /// A tag means a manifest with two layers that are both charts.
    TwoChartLayers,
    /// A tag means a manifest with the configuration of a container image.
    NotAChart,
    /// A tag means a manifest that is also an index.
    LayersAndManifests,
    /// A tag means a manifest whose layer is to be fetched from the other origin.
    ForeignUrls,
    /// A tag means a manifest whose layer has this size: any JSON.
    LayerSize(String),
    /// A tag means a manifest whose layer has this digest: any text.
    LayerDigest(String),
    /// A tag means a manifest that says of itself that it is of this type.
    MediaTypeField(String),
    /// A tag means a manifest of at least this many bytes.
    HugeManifest(usize),

    /// The list of tags holds this many more (`0.0.0`, … `0.1.0`, …), and they can be read by the
    /// page.
    ManyTags(usize),
    /// Every page holds one tag, however many are asked for.
    OneTagPerPage,
    /// Every page of tags or referrers has a next one, with some that were not seen before.
    EndlessPages,
    /// The last of so many pages of tags or referrers links to the first.
    LinkLoop {
        /// How many pages; 1 links to itself.
        pages: u32,
    },
    /// The next page of tags or referrers is on another origin. It lists the tag `99.0.0`.
    LinkToOtherHost,
    /// The next page of tags or referrers is on the same host and port by another scheme.
    LinkToOtherScheme,
    /// Pages hold at most two tags, and the link to the next one leaves out the first folder of
    /// the repository.
    LinkLosesFolder,
    /// Pages hold at most two tags or referrers, and the link to the next one is absolute, on the
    /// registry's origin, and to a path that is not served.
    LinkToOtherPath,
    /// Pages hold at most two tags, and the next one is named by an opaque cursor.
    OpaqueCursor,
    /// The same, and the link is relative to the page.
    RelativeCursor,
    /// Tags are listed in no order.
    UnsortedTags,
    /// Every tag is listed twice.
    DuplicateTags,
    /// The list holds, beside the others, a tag of this many bytes.
    HugeTagName(usize),
    /// The list holds, beside the others, what cannot be a tag: the empty text, paths, newlines.
    InvalidTags,
    /// `"tags": null`
    NullTags,

    /// Referrers are listed whatever kind of artifact is asked for.
    ReferrersUnfiltered,
    /// Referrers are listed with the media types of their configs as their artifact types.
    ReferrersByConfig,
    /// The list of referrers says of itself that it is of this type.
    ReferrersMediaType(String),
    /// The list of referrers holds every manifest of the repository, whatever it refers to.
    StrangeReferrers,
    /// The list of referrers holds this many more, which do not exist.
    ManyReferrers(usize),
    /// The list of referrers is one page on which they do not end.
    EndlessReferrers,

    /// The token that a blob is first asked for with is good no more.
    TokenDiesBeforeBlob,
    /// A login that is no longer good is answered with 403, not with 401 and a challenge. Told by
    /// the token service too.
    StaleIsForbidden,
    /// The same with 400.
    StaleIsBadRequest,
    /// `expires_in` is this: any JSON. `None` leaves it out.
    ExpiresIn(Option<String>),
    /// The token is only called `access_token`.
    OnlyAccessToken,
    /// The token is the empty text.
    EmptyToken,
    /// The token service answers with at least this many bytes.
    HugeTokenBody(usize),
    /// The challenge sends the client elsewhere for a token.
    Realm(Realm),
    /// The challenge is this text.
    Challenge(String),
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// Anything of the registry's, but not tokens.
    Everything,
    /// A manifest.
    Manifests,
    /// A blob.
    Blobs,
    /// A list of tags.
    Tags,
    /// A list of referrers.
    Referrers,
    /// To write something: an upload, a manifest, a deletion.
    Writes,
    /// A token.
    Token,
}

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectTo {
    /// To another origin that has what was asked for, for who comes without a login.
    OtherOrigin,
    /// To another origin that wants a login.
    OtherOriginAsking,
    /// The same without TLS. Without TLS altogether it is [`OtherOrigin`](Self::OtherOrigin).
    PlainHttp,
    /// To what was asked for, over so many redirects on the same origin.
    Chain(u32),
    /// To itself.
    Loop,
    /// To what was asked for, by a relative reference.
    Relative,
    /// To this text.
    Url(String),
    /// To nowhere: there is no `Location`.
    Nowhere,
}

/// Where a challenge sends a client for its token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Realm {
    /// To a token service on another origin, which takes any login and gives a good token.
    OtherOrigin,
    /// The same without TLS. Without TLS altogether it is [`OtherOrigin`](Self::OtherOrigin).
    PlainHttp,
    /// To this text.
    Url(String),
}

impl Lie {
    /// For lies with `times`: never honest again.
    pub const ALWAYS: u32 = u32::MAX;

    /// How often it is told.
    pub(crate) fn times(&self) -> u32 {
        match self {
            Self::TooManyRequests { times, .. }
            | Self::Status { times, .. }
            | Self::HangUp { times, .. }
            | Self::Reset { times, .. }
            | Self::StallBeforeHeaders { times, .. }
            | Self::StallMidBody { times, .. }
            | Self::ResetMidBody { times, .. }
            | Self::Cut { times, .. } => *times,
            Self::TokenDiesBeforeBlob => 1,
            _ => Self::ALWAYS,
        }
    }
}
