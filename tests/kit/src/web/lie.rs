//! The lies a web server can be told to tell.

use std::time::Duration;

/// One way in which a web server is wrong, slow or hostile about one path.
///
/// [`WebServer::tell`](crate::WebServer::tell) lets it be told, on top of what is told already, until
/// [`WebServer::be_honest`](crate::WebServer::be_honest). Of those that are told in place of an answer,
/// and of those about the body, only the first is told at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebLie {
    /// This status, and a little JSON that says so, in place of an answer.
    Status(u16),
    /// 429, with this text as `Retry-After` if there is one: seconds, a date, or nonsense.
    TooManyRequests {
        /// The header as sent.
        retry_after: Option<String>,
    },
    /// The connection is closed in place of an answer.
    HangUp,
    /// 200 and the HTML page of a portal that wants somebody to log in.
    LoginPage,
    /// A redirect in place of an answer.
    Redirect {
        /// The status: 301, 302, 303, 307 or 308.
        status: u16,
        /// Where to.
        to: String,
    },
    /// 304, whatever was asked.
    NotModified,
    /// 200 and so many bytes of an index, without `Content-Length`.
    Streamed {
        /// How many, at least.
        bytes: usize,
    },
    /// 200 and as many bytes of gzip as it takes for this many zeros.
    GzipBomb {
        /// How many zeros come out.
        bytes: usize,
    },
    /// 200 and gzip without end, out of which nothing ever comes.
    EndlessEmptyGzip,

    /// The `ETag` is that of what was first served under the path, whatever is there now.
    FirstTag,
    /// A 304 has an `ETag` that nobody asked about.
    OtherTagInNotModified,
    /// `If-None-Match` and `If-Modified-Since` are not looked at.
    IgnoresConditions,
    /// The `ETag` is this text.
    Tag(String),
    /// There is no `ETag`, but this `Last-Modified`, and 304 for who knows exactly that.
    LastModified(String),

    /// What is sent is said to be encoded like this, and is not.
    Encoding(String),
    /// What is sent is gzip, whatever was asked for, and says so.
    Gzip,
    /// What is sent is gzip of gzip, and says that it is gzip.
    GzipTwice,
    /// What is sent is gzip that breaks off in its middle, with a `Content-Length` that counts just that.
    GzipCut,

    /// `Content-Length` is right, and the connection is closed after some of the body.
    Cut {
        /// How much of the body comes, in sixteenths.
        sixteenths: u8,
    },
    /// The same, without a `Content-Length`: the body is chunked.
    CutInChunks {
        /// How much of the body comes, in sixteenths.
        sixteenths: u8,
    },
    /// Half of the body comes, then nothing more.
    StallMidBody,
    /// The body comes in pieces with a pause after each.
    SlowDrip {
        /// How many bytes a piece has.
        bytes: usize,
        /// How long the pause is.
        pause: Duration,
    },
}

impl WebLie {
    /// Whether it is told in place of an answer.
    pub(super) fn is_in_place(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::TooManyRequests { .. }
                | Self::HangUp
                | Self::LoginPage
                | Self::Redirect { .. }
                | Self::NotModified
                | Self::Streamed { .. }
                | Self::GzipBomb { .. }
                | Self::EndlessEmptyGzip
        )
    }

    /// Whether it changes how the body comes.
    pub(super) fn is_about_body(&self) -> bool {
        matches!(
            self,
            Self::Gzip
                | Self::GzipTwice
                | Self::GzipCut
                | Self::Cut { .. }
                | Self::CutInChunks { .. }
                | Self::StallMidBody
                | Self::SlowDrip { .. }
        )
    }
}
