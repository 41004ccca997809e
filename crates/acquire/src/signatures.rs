//! The signatures that a registry has of a manifest.

use std::collections::VecDeque;

use bytes::Bytes;
use portolan_fetch::{Descriptor, FetchError, Manifest, OciRegistry, Remote};
use portolan_reference::{Digest, Pin};
use portolan_verify::{Format, Limits, Policy, Signature, SignatureSource};

/// What a bundle's media type begins with. Which versions count is for `portolan-verify` to say.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// cosign's annotation of a bundle's manifest: what its statement is.
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
const SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";
/// The media type of a payload in the tag `sha256-<hex>.sig`.
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Looks for signatures of one manifest: bundles that refer to it first, then the tag
/// `sha256-<hex>.sig`. Nothing is asked for before somebody wants it.
///
/// What a registry says of a referrer only decides in which order they are looked at: the artifact type
/// that one of them tells is that of the config. Whether a referrer refers to this manifest is read from
/// its own.
#[derive(Debug)]
pub(crate) struct RegistrySignatures {
    registry: OciRegistry,
    remote: Remote,
    digest: Digest,
    limits: Limits,
    /// Bytes that may still be fetched.
    left: u64,
    steps: VecDeque<Step>,
    /// The payload fetched last: signers of one digest usually signed the same bytes.
    payload: Option<(Digest, Bytes)>,
}

#[derive(Debug)]
enum Step {
    /// Ask what refers to the manifest.
    Referrers,
    /// Look whether a referrer is a bundle.
    Referrer(Descriptor),
    /// Tell that there are more.
    MoreReferrers,
    /// Ask for the tag.
    Tag,
    /// One layer of what the tag names.
    Layer { number: usize, layer: Descriptor },
}

impl RegistrySignatures {
    /// Look for what `policy` would take, of the manifest `digest` in the repository of `remote`.
    pub(crate) fn new(
        registry: OciRegistry,
        remote: Remote,
        digest: Digest,
        policy: &Policy,
    ) -> Self {
        let limits = *policy.limits();
        let steps = policy.formats().map(|format| match format {
            Format::SimpleSigning => Step::Tag,
            // What is not known here is not fetched, and so does not count.
            _ => Step::Referrers,
        });
        let mut steps: VecDeque<_> = steps.collect();
        steps
            .make_contiguous()
            .sort_by_key(|step| matches!(step, Step::Tag));
        Self {
            registry,
            remote,
            digest,
            limits,
            left: limits.max_total_bytes,
            steps,
            payload: None,
        }
    }

    async fn take(&mut self, step: Step) -> Result<Option<Signature>, FetchError> {
        match step {
            Step::Referrers => {
                let referrers = self.registry.referrers(&self.remote, &self.digest).await?;
                let mut found = referrers.descriptors().to_vec();
                found.sort_by_key(rank);
                if referrers.is_truncated() || found.len() > self.limits.max_signatures {
                    self.steps.push_front(Step::MoreReferrers);
                }
                found.truncate(self.limits.max_signatures);
                for descriptor in found.into_iter().rev() {
                    self.steps.push_front(Step::Referrer(descriptor));
                }
                Ok(None)
            }
            Step::Referrer(descriptor) => passing_over(self.bundle(&descriptor).await),
            Step::MoreReferrers => {
                let limit = self.limits.max_signatures;
                let why = format!("no more than {limit} are looked at");
                let origin = format!("further referrers of {}", self.digest);
                Ok(Some(Signature::not_fetched(origin, Format::Bundle, why)))
            }
            Step::Tag => {
                let pin = Pin::Tag(self.tag());
                let found = self.registry.find_manifest(&self.remote, &pin).await?;
                let layers = found.iter().flat_map(Manifest::layers).enumerate();
                for (number, layer) in layers.take(self.limits.max_signatures) {
                    if layer.media_type() == SIMPLE_SIGNING {
                        let layer = layer.clone();
                        self.steps.push_back(Step::Layer { number, layer });
                    }
                }
                Ok(None)
            }
            Step::Layer { number, layer } => passing_over(self.layer(number, &layer).await),
        }
    }

    /// The signature that a layer of the tag is.
    async fn layer(
        &mut self,
        number: usize,
        layer: &Descriptor,
    ) -> Result<Option<Signature>, FetchError> {
        let origin = format!("{} layer {number}", self.tag());
        let Some(payload) = self.payload(layer).await? else {
            let (format, why) = (Format::SimpleSigning, too_large(layer));
            return Ok(Some(Signature::not_fetched(origin, format, why)));
        };
        let annotations = layer.annotations().clone();
        Ok(Some(Signature::simple_signing(
            origin,
            payload,
            annotations,
        )))
    }

    /// The bundle that a referrer is, if it is one.
    async fn bundle(&mut self, found: &Descriptor) -> Result<Option<Signature>, FetchError> {
        let origin = found.digest().to_string();
        if found.size() > self.left {
            let why = too_large(found);
            return Ok(Some(Signature::not_fetched(origin, Format::Bundle, why)));
        }
        let pin = Pin::Digest(found.digest().clone());
        let manifest = self.registry.manifest(&self.remote, &pin).await?;
        self.left = self.left.saturating_sub(manifest.bytes().len() as u64);
        let refers = manifest
            .subject()
            .is_some_and(|subject| *subject.digest() == self.digest);
        let [layer] = manifest.layers() else {
            return Ok(None);
        };
        if !refers || !layer.media_type().starts_with(BUNDLE) {
            return Ok(None);
        }
        if !self.fits(layer) {
            let why = too_large(layer);
            return Ok(Some(Signature::not_fetched(origin, Format::Bundle, why)));
        }
        let json = self.blob(layer).await?;
        Ok(Some(Signature::bundle(origin, json)))
    }

    /// The bytes of a layer of the tag; `None` if they are too many.
    async fn payload(&mut self, layer: &Descriptor) -> Result<Option<Bytes>, FetchError> {
        if !self.fits(layer) {
            return Ok(None);
        }
        if let Some((digest, payload)) = &self.payload
            && digest == layer.digest()
        {
            // It is fetched once, and is there as often as it is named.
            self.left = self.left.saturating_sub(payload.len() as u64);
            return Ok(Some(payload.clone()));
        }
        let payload = self.blob(layer).await?;
        self.payload = Some((layer.digest().clone(), payload.clone()));
        Ok(Some(payload))
    }

    fn fits(&self, layer: &Descriptor) -> bool {
        layer.size() <= self.limits.max_signature_bytes.min(self.left)
    }

    async fn blob(&mut self, layer: &Descriptor) -> Result<Bytes, FetchError> {
        self.left = self.left.saturating_sub(layer.size());
        let limit = self.limits.max_signature_bytes;
        let blob = self.registry.blob(&self.remote, layer, limit).await?;
        blob.collect().await
    }

    /// Where cosign puts signatures in its older form.
    fn tag(&self) -> String {
        format!("{}-{}.sig", self.digest.algorithm(), self.digest.hex())
    }
}

impl SignatureSource for RegistrySignatures {
    type Error = FetchError;

    async fn next(&mut self) -> Result<Option<Signature>, FetchError> {
        while let Some(step) = self.steps.pop_front() {
            if let Some(signature) = self.take(step).await? {
                return Ok(Some(signature));
            }
        }
        Ok(None)
    }
}

/// What is listed may be no signature, or be gone. That says nothing about the artifact, and to ask
/// again will not help.
fn passing_over(
    looked: Result<Option<Signature>, FetchError>,
) -> Result<Option<Signature>, FetchError> {
    match looked {
        Err(
            FetchError::NotFound { .. }
            | FetchError::IsIndex { .. }
            | FetchError::BadManifest { .. }
            | FetchError::TooLarge { .. },
        ) => Ok(None),
        other => other,
    }
}

/// Why something is not fetched.
fn too_large(content: &Descriptor) -> String {
    format!("{} bytes are more than may be fetched", content.size())
}

/// What is likely to be a signature comes first, as only so many are looked at.
fn rank(referrer: &Descriptor) -> u8 {
    let kind = referrer.artifact_type().unwrap_or_default();
    match referrer
        .annotations()
        .get(PREDICATE_TYPE)
        .map(String::as_str)
    {
        Some(SIGNATURE) => 0,
        None if kind.starts_with(BUNDLE) => 1,
        None => 2,
        Some(_) => 3,
    }
}
