//! Signing by the real cosign.

use super::Sigstore;
use super::caller::Caller;
use super::trust::{Believed, Evidence};
use crate::signing_key::SigningKey;

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// Whoever a certificate by Fulcio names, with a key for once.
    Caller(&'a Caller),
    /// Whoever has the key.
    Key(&'a SigningKey),
}

/// What a signature looks like in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A layer of the image that is tagged `sha256-….sig`.
    Tag,
    /// A bundle that refers to what it signs.
    Bundle,
}

/// A signature to be made.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// Who signs.
    pub by: By<'a>,
    /// What it looks like.
    pub form: Form,
    /// What proves the time.
    pub evidence: Evidence,
    /// What is signed together with the digest.
    pub annotations: &'a [(&'a str, &'a str)],
}

impl<'a> Signature<'a> {
    /// A caller's bundle, logged in the first Rekor.
    pub fn by(caller: &'a Caller) -> Self {
        Self {
            by: By::Caller(caller),
            form: Form::Bundle,
            evidence: Evidence::Rekor,
            annotations: &[],
        }
    }

    /// A bundle by a key, logged nowhere.
    pub fn with(key: &'a SigningKey) -> Self {
        Self {
            by: By::Key(key),
            evidence: Evidence::Nothing,
            form: Form::Bundle,
            annotations: &[],
        }
    }

    /// The same in the tag form.
    #[must_use]
    pub fn as_tag(self) -> Self {
        Self {
            form: Form::Tag,
            ..self
        }
    }

    /// The same with other evidence.
    #[must_use]
    pub fn proven(self, evidence: Evidence) -> Self {
        Self { evidence, ..self }
    }

    /// The same with annotations.
    #[must_use]
    pub fn saying(self, annotations: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            annotations,
            ..self
        }
    }
}

impl Sigstore {
    /// `cosign sign` of what is at `host/repository@digest`, over plain HTTP.
    #[track_caller]
    pub fn sign(&self, reference: &str, signature: &Signature<'_>) {
        self.make("sign", reference, signature, &[]);
    }

    /// `cosign attest`: a bundle that says something of `kind` about what is at `host/repository@digest`, which is
    /// not that somebody has signed it.
    #[track_caller]
    pub fn attest(&self, reference: &str, signature: &Signature<'_>, kind: &str) {
        let predicate = self.folder.write("predicate.json", "{}");
        let predicate = format!("--predicate={}", predicate.display());
        let kind = format!("--type={kind}");
        self.make("attest", reference, signature, &[&kind, &predicate]);
    }

    /// `cosign attach signature`: whatever somebody says is a signature of a payload, in the tag form.
    #[track_caller]
    pub fn attach(&self, reference: &str, payload: &[u8], signature: &str) {
        let payload = self.folder.write("payload", payload);
        let signature = self.folder.write("signature", signature);
        self.run(&[
            "attach".to_owned(),
            "signature".to_owned(),
            "--allow-http-registry".to_owned(),
            format!("--payload={}", payload.display()),
            format!("--signature={}", signature.display()),
            reference.to_owned(),
        ]);
    }

    #[track_caller]
    fn make(&self, act: &str, reference: &str, signature: &Signature<'_>, more: &[&str]) {
        let mut arguments = vec![act.to_owned(), "--yes".to_owned()];
        arguments.push("--allow-http-registry".to_owned());
        match signature.form {
            Form::Bundle => {
                let services = signature.evidence.file_name();
                arguments.push(format!("--signing-config={services}"));
            }
            Form::Tag => arguments.extend(self.tag_form(signature)),
        }
        let trusted = Believed::Everything.file_name();
        arguments.push(format!("--trusted-root={trusted}"));
        match signature.by {
            By::Caller(caller) => {
                let token = self.issuer.token(caller);
                arguments.push(format!("--identity-token={token}"));
            }
            By::Key(key) => arguments.push(format!("--key={}", key.private().display())),
        }
        for (name, value) in signature.annotations {
            arguments.push(format!("--annotations={name}={value}"));
        }
        arguments.extend(more.iter().map(|&flag| flag.to_owned()));
        arguments.push(reference.to_owned());
        self.run(&arguments);
    }

    /// The services, as the flags of cosign's older form say it.
    fn tag_form(&self, signature: &Signature<'_>) -> Vec<String> {
        let mut flags = vec![
            "--new-bundle-format=false".to_owned(),
            "--use-signing-config=false".to_owned(),
        ];
        let evidence = signature.evidence;
        if matches!(signature.by, By::Caller(_)) {
            if evidence.has_sct() {
                flags.push(format!("--fulcio-url={}", self.services.fulcio));
            } else {
                flags.push(format!("--fulcio-url={}", self.services.fulcio_without_log));
                flags.push("--insecure-skip-verify".to_owned());
            }
        }
        match evidence.rekor_version() {
            Some(1) => flags.push(format!("--rekor-url={}", self.services.rekor)),
            Some(_) => panic!("cosign's older form knows the first Rekor only"),
            None => flags.push("--tlog-upload=false".to_owned()),
        }
        if evidence.has_timestamp() {
            let url = &self.services.timestamps;
            flags.push(format!("--timestamp-server-url={url}"));
        }
        flags
    }

    #[track_caller]
    fn run(&self, arguments: &[String]) {
        self.cosign
            .run_in(self.folder.path(), arguments)
            .unwrap_or_else(|said| panic!("cosign {}: {said}", arguments.join(" ")));
    }
}
