//! One version of a chart, read into a draft.

use super::draft::{Draft, Field};
use super::event::{Events, next_key};
use super::fault::Fault;
use super::value::{Other, Seen, Values};

impl From<Field> for u32 {
    fn from(field: Field) -> Self {
        field as Self
    }
}

/// Read the fields of an entry, of which the map has begun, into an empty `draft`.
pub(super) fn read_entry<E: Events>(
    values: &mut Values<'_, E>,
    draft: &mut Draft,
) -> Result<(), Fault> {
    let mut seen = Seen::default();
    while let Some(key) = next_key(values.events)? {
        let field = Field::named(&key);
        let field = seen.note::<E, _>(field, &key)?;
        drop(key);
        match field {
            None => values.skip_value()?,
            Some(field) => read_field(values, field, draft)?,
        }
    }
    Ok(())
}

fn read_field<E: Events>(
    values: &mut Values<'_, E>,
    field: Field,
    draft: &mut Draft,
) -> Result<(), Fault> {
    use Other::{Converted, Refused};
    match field {
        Field::Name => values.text("name", Refused, &mut draft.name),
        Field::Home => values.text("home", Refused, &mut draft.home),
        Field::Version => values.text("version", Refused, &mut draft.version),
        Field::Description => values.text("description", Refused, &mut draft.description),
        Field::Icon => values.text("icon", Refused, &mut draft.icon),
        Field::ApiVersion => values.text("apiVersion", Refused, &mut draft.api_version),
        Field::Condition => values.text("condition", Refused, &mut draft.condition),
        Field::Tags => values.text("tags", Refused, &mut draft.tags),
        Field::AppVersion => values.text("appVersion", Refused, &mut draft.app_version),
        Field::KubeVersion => values.text("kubeVersion", Refused, &mut draft.kube_version),
        Field::Type => values.text("type", Refused, &mut draft.chart_type),
        Field::Digest => values.text("digest", Converted, &mut draft.digest),
        Field::Checksum => values.text("checksum", Converted, &mut draft.checksum),
        Field::Engine => values.text("engine", Converted, &mut draft.engine),
        Field::TillerVersion => values.text("tillerVersion", Converted, &mut draft.tiller_version),
        Field::Url => values.text("url", Converted, &mut draft.url),
        Field::Deprecated => values.flag("deprecated", &mut draft.deprecated),
        Field::Removed => values.flag("removed", &mut draft.removed),
        Field::Created => values.time("created", &mut draft.created),
        Field::Sources => {
            values.texts("sources", Refused, &mut draft.sources)?;
            Ok(())
        }
        Field::Keywords => {
            values.texts("keywords", Refused, &mut draft.keywords)?;
            Ok(())
        }
        Field::Urls => {
            let mut urls = draft.urls.take().unwrap_or_default();
            let given = values.texts("urls", Converted, &mut urls)?;
            draft.urls = given.map(|()| urls);
            Ok(())
        }
        Field::Maintainers => values.maintainers(&mut draft.maintainers),
        Field::Dependencies => values.dependencies(&mut draft.dependencies),
        // The library takes the keys of annotations for fields of the metadata when it looks for
        // what is text.
        Field::Annotations => values.text_map(
            "annotations",
            |key| match Field::named(key) {
                Some(field) if field.is_metadata_text() => Converted,
                _ => Refused,
            },
            &mut draft.annotations,
        ),
    }
}
