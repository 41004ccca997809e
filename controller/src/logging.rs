//! What is written to standard error.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use portolan_reference::redacted;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Layer, fmt as lines};

use crate::flags::{LogEncoding, LogLevel};

/// Begin to write lines, for the rest of the process. A panic becomes a line too.
///
/// # Errors
///
/// If somebody did so before.
pub(crate) fn start(level: LogLevel, encoding: LogEncoding) -> Result<(), impl std::error::Error> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let error = redacted(panic.payload_as_str().unwrap_or("unknown"));
        tracing::error!(place, error, "panicked");
    }));
    tracing::subscriber::set_global_default(subscriber(level, encoding, std::io::stderr))
}

fn subscriber<W>(level: LogLevel, encoding: LogEncoding, to: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = match encoding {
        LogEncoding::Json => lines::layer()
            .fmt_fields(JsonFields::new())
            .event_format(FluxLines)
            .with_writer(to)
            .boxed(),
        LogEncoding::Console => lines::layer().with_ansi(false).with_writer(to).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(filter(level)))
}

/// Our own lines from `level` on. Those of others are never finer than `info`: libraries print
/// headers and bodies there.
fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("portolan", level)
}

/// Lines with the keys that Flux's controllers use and
/// [`flux logs`](https://fluxcd.io/flux/cmd/flux_logs/) looks for: `level`, `ts`, `msg`, `error`,
/// `controllerKind`, `name`, `namespace`.
struct FluxLines;

impl<S> FormatEvent<S, JsonFields> for FluxLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let written = extensions.get::<FormattedFields<JsonFields>>();
            let written = written.and_then(|written| serde_json::from_str(&written.fields).ok());
            fields.extend(written.unwrap_or_default());
        }
        event.record(&mut fields);
        let mut line = BTreeMap::from(fields);
        let metadata = event.metadata();
        line.insert("level".to_owned(), level_of(*metadata.level()).into());
        line.insert("logger".to_owned(), metadata.target().into());
        line.insert("ts".to_owned(), jiff::Timestamp::now().to_string().into());
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn level_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of an event and of the spans around it.
#[derive(Default)]
struct Fields(BTreeMap<String, Value>);

impl Fields {
    fn extend(&mut self, fields: Map<String, Value>) {
        for (name, value) in fields {
            self.insert(&name, value);
        }
    }

    fn insert(&mut self, name: &str, value: Value) {
        let name = match name {
            "message" => "msg",
            "kind" => "controllerKind",
            name => name,
        };
        self.0.insert(name.to_owned(), value);
    }
}

impl From<Fields> for BTreeMap<String, Value> {
    fn from(fields: Fields) -> Self {
        fields.0
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field.name(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field.name(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing::{debug, error, info, info_span, warn};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The lines that `act` writes.
    fn written(level: LogLevel, encoding: LogEncoding, act: impl FnOnce()) -> Vec<String> {
        let page = Page::default();
        let to = page.clone();
        let subscriber = subscriber(level, encoding, move || to.clone());
        tracing::subscriber::with_default(subscriber, act);
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .expect("text")
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_line_has_the_keys_that_flux_logs_looks_for() {
        let lines = written(LogLevel::Info, LogEncoding::Json, || {
            let _pass = info_span!(
                "pass",
                kind = "HelmChart",
                namespace = "ns",
                name = "podinfo"
            )
            .entered();
            error!(error = "no \"route\"", tries = 3, "the pull failed");
        });
        let mut line: Value = serde_json::from_str(&lines[0]).expect("JSON");
        assert!(
            line["ts"]
                .take()
                .as_str()
                .is_some_and(|ts| ts.ends_with('Z'))
        );
        assert_eq!(
            line,
            serde_json::json!({
                "level": "error", "ts": null, "msg": "the pull failed", "error": "no \"route\"", "tries": 3,
                "logger": "portolan_controller::logging::tests",
                "controllerKind": "HelmChart", "namespace": "ns", "name": "podinfo",
            })
        );
    }

    #[test]
    fn a_level_is_worth_what_is_above_it() {
        let count = |level| {
            written(level, LogEncoding::Json, || {
                error!("1");
                warn!("2");
                info!("3");
                debug!("4");
            })
            .len()
        };
        assert_eq!(
            [
                LogLevel::Error,
                LogLevel::Info,
                LogLevel::Debug,
                LogLevel::Trace
            ]
            .map(count),
            [1, 3, 4, 4]
        );
    }

    #[test]
    fn libraries_are_not_heard_below_info() {
        let lines = written(LogLevel::Trace, LogEncoding::Json, || {
            debug!(target: "hyper::proto", "authorization: Bearer hunter2");
            info!(target: "kube_client", "hello");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
    }

    #[test]
    fn a_line_for_people_is_no_json() {
        let lines = written(LogLevel::Info, LogEncoding::Console, || {
            info!(tries = 3, "hello");
        });
        assert!(
            lines[0].contains("hello")
                && lines[0].contains("tries=3")
                && !lines[0].starts_with('{')
        );
    }
}
