//! How much a server may make its reader do.

use std::time::Duration;

/// What a registry or repository may at most cost the one who asks it. Sizes are bytes.
///
/// A limit is enforced while bytes arrive, never after they were gathered; where a size is promised
/// beforehand, a promise above the limit is refused without asking for the content.
///
/// ```
/// use portolan_fetch::Limits;
///
/// let limits = Limits { max_chart_bytes: 50 << 20, ..Limits::default() };
/// assert_eq!(limits.max_manifest_bytes, 4 << 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest manifest or image index accepted. Default: 4 MiB, which is what the
    /// [distribution specification](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests)
    /// expects every registry to accept.
    pub max_manifest_bytes: u64,
    /// The largest chart archive accepted, compressed. Default: 10 MiB, as Flux has it.
    pub max_chart_bytes: u64,
    /// The largest index accepted, as it is before it is compressed for the way, and compressed.
    /// Default: 50 MiB, as Flux has it.
    pub max_index_bytes: u64,
    /// The largest artifact of another controller accepted. Default: 100 MiB, which is also how much of
    /// one Flux's own readers unpack.
    pub max_source_bytes: u64,
    /// How many pages of a tag list are asked for. Default: 1,000.
    pub max_tag_pages: usize,
    /// How many different tags one repository may have. Default: 200,000.
    pub max_tags: usize,
    /// The largest single page of a tag list. Default: 8 MiB.
    pub max_tag_page_bytes: u64,
    /// All pages of one tag list together. Default: 64 MiB, twice what 200,000 tags of the greatest
    /// legal length take.
    pub max_tag_list_bytes: u64,
    /// How many referrers of one manifest are taken in. Default: 1,000. Beyond it a list is truncated,
    /// and says so.
    pub max_referrers: usize,
    /// How many pages of such a list are asked for. Default: 100.
    pub max_referrer_pages: usize,
    /// All pages of one such list together. Default: 16 MiB, that is 16 KiB for each of 1,000
    /// referrers. A page is an image index, and has at most
    /// [`max_manifest_bytes`](Self::max_manifest_bytes).
    pub max_referrer_list_bytes: u64,
    /// The longest time that may be spent waiting for one body, from its headers to its last byte.
    /// Default: 5 minutes. It ends a body that drips slowly enough to pass every shorter timeout.
    pub body_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_manifest_bytes: 4 << 20,
            max_chart_bytes: 10 << 20,
            max_index_bytes: 50 << 20,
            max_source_bytes: 100 << 20,
            max_tag_pages: 1_000,
            max_tags: 200_000,
            max_tag_page_bytes: 8 << 20,
            max_tag_list_bytes: 64 << 20,
            max_referrers: 1_000,
            max_referrer_pages: 100,
            max_referrer_list_bytes: 16 << 20,
            body_timeout: Duration::from_mins(5),
        }
    }
}
