//! Values of fields, as Go's decoders take them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::event::{Dialect, Event, Events, Scalar, next_key};
use super::fault::{Fault, Problem};
use super::time::Time;
use crate::metadata::{Dependency, Maintainer};
use crate::yaml::go_text;

/// Whether a number or a boolean will do where text is expected. In YAML it does for the fields that
/// [sigs.k8s.io/yaml][1] sees to be text, which are not those of the chart's metadata.
///
/// [1]: https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    Refused,
    Converted,
}

/// How many bytes of text may still come.
#[derive(Debug)]
pub(super) struct Allowance {
    left: u64,
    limit: u64,
}

impl Allowance {
    pub(super) fn new(limit: u64) -> Self {
        Self { left: limit, limit }
    }

    /// Use it for `bytes` and the place they take.
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.left.checked_sub(bytes as u64 + 1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::Excess(super::error::IndexExcess::VersionBytes {
                limit: self.limit,
            })),
        }
    }

    pub(super) fn renew(&mut self) {
        self.left = self.limit;
    }
}

/// Reads values one after the other.
pub(super) struct Values<'a, E> {
    pub(super) events: &'a mut E,
    pub(super) allowance: &'a mut Allowance,
}

pub(super) fn wrong(into: &'static str, event: &Event<'_>) -> Fault {
    Problem::Type {
        into,
        found: event.kind(),
    }
    .into()
}

impl<E: Events> Values<'_, E> {
    /// Put a text into `text`; nothing leaves it as it is.
    pub(super) fn text(
        &mut self,
        field: &'static str,
        other: Other,
        text: &mut String,
    ) -> Result<(), Fault> {
        let event = self.events.next()?;
        set_text(field, event, convert::<E>(other), text)?;
        self.allowance.spend(text.len())
    }

    pub(super) fn flag(&mut self, field: &'static str, flag: &mut bool) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Scalar(Scalar::Bool(value)) => *flag = value,
            Event::Scalar(Scalar::Null) => {}
            other => return Err(wrong(field, &other)),
        }
        Ok(())
    }

    pub(super) fn time(&mut self, field: &'static str, time: &mut Time) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Scalar(Scalar::Text(text)) => match Time::parse(text) {
                Some(value) => *time = value,
                None => return Err(Problem::Time(Problem::shortened(text)).into()),
            },
            Event::Scalar(Scalar::Null) => {}
            other => return Err(wrong(field, &other)),
        }
        Ok(())
    }

    /// Whether a list begins; nothing is no list.
    fn begins_list(&mut self, field: &'static str) -> Result<bool, Fault> {
        match self.events.next()? {
            Event::List => Ok(true),
            Event::Scalar(Scalar::Null) => Ok(false),
            other => Err(wrong(field, &other)),
        }
    }

    /// Read a list into `list`, if there is one: `each` is given the first step of an entry and
    /// what stood there before.
    fn list<T: Default>(
        &mut self,
        list: &mut Vec<T>,
        mut each: impl FnMut(&mut Self, First, &mut T) -> Result<(), Fault>,
        mut text: impl FnMut(Event<'_>, &mut T) -> Result<usize, Fault>,
    ) -> Result<(), Fault> {
        let mut count = 0;
        loop {
            if list.len() == count {
                list.push(T::default());
            }
            let Some(place) = list.get_mut(count) else {
                return Ok(());
            };
            let event = self.events.next()?;
            match event {
                Event::End => {
                    list.truncate(count);
                    return Ok(());
                }
                Event::Map => each(self, First::Map, place)?,
                other => {
                    let bytes = text(other, place)?;
                    self.allowance.spend(bytes)?;
                }
            }
            count += 1;
        }
    }

    /// Read a list of texts. `None` when there is no list.
    pub(super) fn texts(
        &mut self,
        field: &'static str,
        other: Other,
        list: &mut Vec<String>,
    ) -> Result<Option<()>, Fault> {
        if !self.begins_list(field)? {
            list.clear();
            return Ok(None);
        }
        let convert = convert::<E>(other);
        self.list(
            list,
            |_, _, _| Err(wrong(field, &Event::Map)),
            |event, place| {
                set_text(field, event, convert, place)?;
                Ok(place.len())
            },
        )?;
        Ok(Some(()))
    }

    pub(super) fn text_map(
        &mut self,
        field: &'static str,
        converts: impl Fn(&str) -> Other,
        map: &mut BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Map => {}
            Event::Scalar(Scalar::Null) => {
                map.clear();
                return Ok(());
            }
            other => return Err(wrong(field, &other)),
        }
        while let Some(key) = next_key(self.events)? {
            let key = key.into_owned();
            self.allowance.spend(key.len())?;
            let mut text = String::new();
            self.text(field, converts(&key), &mut text)?;
            if E::DIALECT == Dialect::Yaml && map.contains_key(&key) {
                return Err(Problem::SetTwice(Problem::shortened(&key)).into());
            }
            map.insert(key, text);
        }
        Ok(())
    }

    pub(super) fn maintainers(&mut self, list: &mut Vec<Option<Maintainer>>) -> Result<(), Fault> {
        if !self.begins_list("maintainers")? {
            list.clear();
            return Ok(());
        }
        self.list(
            list,
            |values, _, place| values.maintainer(place.get_or_insert_default()),
            |event, place| null_entry("a maintainer", &event, place),
        )
    }

    fn maintainer(&mut self, maintainer: &mut Maintainer) -> Result<(), Fault> {
        let mut seen = Seen::default();
        while let Some(key) = next_key(self.events)? {
            let fields = [("name", 0_u32), ("email", 1), ("url", 2)];
            let Some(field) = seen.field::<E, _>(&fields, &key)? else {
                drop(key);
                self.skip_value()?;
                continue;
            };
            drop(key);
            let (name, place) = match field {
                0 => ("maintainers.name", &mut maintainer.name),
                1 => ("maintainers.email", &mut maintainer.email),
                _ => ("maintainers.url", &mut maintainer.url),
            };
            self.optional_text(name, place)?;
        }
        Ok(())
    }

    fn optional_text(
        &mut self,
        field: &'static str,
        place: &mut Option<String>,
    ) -> Result<(), Fault> {
        let mut text = place.take().unwrap_or_default();
        self.text(field, Other::Refused, &mut text)?;
        *place = Some(text).filter(|text| !text.is_empty());
        Ok(())
    }

    pub(super) fn dependencies(&mut self, list: &mut Vec<Option<Dependency>>) -> Result<(), Fault> {
        if !self.begins_list("dependencies")? {
            list.clear();
            return Ok(());
        }
        self.list(
            list,
            |values, _, place| values.dependency(place.get_or_insert_default()),
            |event, place| null_entry("a dependency", &event, place),
        )
    }

    fn dependency(&mut self, dependency: &mut Dependency) -> Result<(), Fault> {
        const FIELDS: [(&str, u32); 8] = [
            ("name", 0),
            ("version", 1),
            ("repository", 2),
            ("condition", 3),
            ("tags", 4),
            ("enabled", 5),
            ("import-values", 6),
            ("alias", 7),
        ];
        let mut seen = Seen::default();
        while let Some(key) = next_key(self.events)? {
            let Some(field) = seen.field::<E, _>(&FIELDS, &key)? else {
                drop(key);
                self.skip_value()?;
                continue;
            };
            drop(key);
            match field {
                0 => self.text("dependencies.name", Other::Refused, &mut dependency.name)?,
                1 => self.optional_text("dependencies.version", &mut dependency.version)?,
                2 => {
                    let repository = &mut dependency.repository;
                    self.text("dependencies.repository", Other::Refused, repository)?;
                }
                3 => self.optional_text("dependencies.condition", &mut dependency.condition)?,
                4 => {
                    self.texts("dependencies.tags", Other::Refused, &mut dependency.tags)?;
                }
                5 => self.flag("dependencies.enabled", &mut dependency.enabled)?,
                6 => dependency.import_values = self.any_list("dependencies.import-values")?,
                _ => self.optional_text("dependencies.alias", &mut dependency.alias)?,
            }
        }
        Ok(())
    }

    fn any_list(&mut self, field: &'static str) -> Result<Vec<Value>, Fault> {
        if !self.begins_list(field)? {
            return Ok(Vec::new());
        }
        self.any_entries()
    }

    fn any_entries(&mut self) -> Result<Vec<Value>, Fault> {
        let mut list = Vec::new();
        loop {
            let first = match self.events.next()? {
                Event::End => return Ok(list),
                Event::Map => First::Map,
                Event::List => First::List,
                Event::Scalar(scalar) => First::Scalar(any_scalar(scalar, self.allowance)?),
            };
            list.push(self.any(first)?);
        }
    }

    /// A map of anything; nothing is an empty one.
    pub(super) fn any_map(
        &mut self,
        field: &'static str,
        map: &mut BTreeMap<String, Value>,
    ) -> Result<(), Fault> {
        match self.events.next()? {
            Event::Map => self.any_fields(map),
            Event::Scalar(Scalar::Null) => {
                map.clear();
                Ok(())
            }
            other => Err(wrong(field, &other)),
        }
    }

    fn any_fields(&mut self, map: &mut BTreeMap<String, Value>) -> Result<(), Fault> {
        while let Some(key) = next_key(self.events)? {
            let key = key.into_owned();
            self.allowance.spend(key.len())?;
            if E::DIALECT == Dialect::Yaml && map.contains_key(&key) {
                return Err(Problem::SetTwice(Problem::shortened(&key)).into());
            }
            let first = match self.events.next()? {
                Event::Map => First::Map,
                Event::List | Event::End => First::List,
                Event::Scalar(scalar) => First::Scalar(any_scalar(scalar, self.allowance)?),
            };
            let value = self.any(first)?;
            map.insert(key, value);
        }
        Ok(())
    }

    fn any(&mut self, first: First) -> Result<Value, Fault> {
        match first {
            First::Scalar(value) => Ok(value),
            First::List => Ok(Value::Array(self.any_entries()?)),
            First::Map => {
                let mut map = BTreeMap::new();
                self.any_fields(&mut map)?;
                Ok(Value::Object(map.into_iter().collect()))
            }
        }
    }

    /// Pass over a value.
    pub(super) fn skip_value(&mut self) -> Result<(), Fault> {
        let opened = matches!(self.events.next()?, Event::Map | Event::List);
        super::event::skip(self.events, opened)
    }
}

/// The first step of a value.
pub(super) enum First {
    Scalar(Value),
    List,
    Map,
}

fn null_entry<T>(
    into: &'static str,
    event: &Event<'_>,
    place: &mut Option<T>,
) -> Result<usize, Fault> {
    match event {
        Event::Scalar(Scalar::Null) => {
            *place = None;
            Ok(0)
        }
        other => Err(wrong(into, other)),
    }
}

/// Which way [`Other`] goes in this dialect.
fn convert<E: Events>(other: Other) -> bool {
    E::DIALECT == Dialect::Yaml && other == Other::Converted
}

fn set_text(
    field: &'static str,
    event: Event<'_>,
    convert: bool,
    text: &mut String,
) -> Result<(), Fault> {
    let converted = match event {
        Event::Scalar(Scalar::Text(value)) => {
            text.clear();
            text.push_str(value);
            return Ok(());
        }
        Event::Scalar(Scalar::Null) => return Ok(()),
        Event::Scalar(Scalar::Bool(value)) if convert => value.to_string(),
        Event::Scalar(Scalar::Int(value)) if convert => value.to_string(),
        Event::Scalar(Scalar::Float(value)) if convert => go_text(value),
        other => return Err(wrong(field, &other)),
    };
    *text = converted;
    Ok(())
}

/// Every number is a float in Go where nothing says what it has to be.
#[expect(clippy::cast_precision_loss, reason = "as Go's JSON decoder does")]
fn any_scalar(scalar: Scalar<'_>, allowance: &mut Allowance) -> Result<Value, Fault> {
    allowance.spend(0)?;
    let number = match scalar {
        Scalar::Null => return Ok(Value::Null),
        Scalar::Bool(value) => return Ok(Value::Bool(value)),
        Scalar::Text(text) => {
            allowance.spend(text.len())?;
            return Ok(Value::String(text.to_owned()));
        }
        Scalar::Int(value) => value as f64,
        Scalar::Float(value) => value,
    };
    match serde_json::Number::from_f64(number) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(Problem::NotFinite.into()),
    }
}

/// Which fields of a map have been there.
#[derive(Debug, Default)]
pub(super) struct Seen(u32);

impl Seen {
    /// The field that `key` is for, or `None` if it is to be passed over.
    ///
    /// # Deviation
    ///
    /// YAML with two spellings of one field (`name` and `Name`) is refused; Helm takes the later in
    /// byte order.
    pub(super) fn field<E: Events, T: Copy + Into<u32>>(
        &mut self,
        fields: &[(&str, T)],
        key: &str,
    ) -> Result<Option<T>, Fault> {
        self.note::<E, T>(super::draft::lookup(fields, key), key)
    }

    pub(super) fn note<E: Events, T: Copy + Into<u32>>(
        &mut self,
        field: Option<T>,
        key: &str,
    ) -> Result<Option<T>, Fault> {
        if E::DIALECT == Dialect::Json {
            return Ok(field);
        }
        let Some(field) = field else {
            return Err(Problem::UnknownField(Problem::shortened(key)).into());
        };
        let bit = 1 << field.into();
        if self.0 & bit != 0 {
            return Err(Problem::SetTwice(Problem::shortened(key)).into());
        }
        self.0 |= bit;
        Ok(Some(field))
    }
}
