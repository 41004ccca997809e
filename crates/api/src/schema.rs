//! The schema of a kind, read once into a form that values are compared with.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde_json::Value;

use crate::rules::Rule;

/// What values are accepted at one place of a resource.
#[derive(Debug, Default)]
pub struct Schema {
    pub(crate) value_type: String,
    pub(crate) date_time: bool,
    pub(crate) properties: BTreeMap<String, Self>,
    pub(crate) required: Vec<String>,
    /// What every value of a map has to be.
    pub(crate) values: Option<Box<Self>>,
    /// What every entry of a list has to be.
    pub(crate) items: Option<Box<Self>>,
    pub(crate) accepted: Vec<Value>,
    pub(crate) default: Option<Value>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) min_length: Option<i64>,
    pub(crate) max_length: Option<i64>,
    pub(crate) minimum: Option<f64>,
    pub(crate) rules: Vec<&'static Rule>,
}

/// A regular expression beside its text.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    /// Absent if the text is none: then nothing matches.
    regex: Option<Regex>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            regex: Regex::new(text).ok(),
        }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        self.regex
            .as_ref()
            .is_some_and(|regex| regex.is_match(text))
    }
}

impl Schema {
    /// The schema of the version that a definition stores.
    pub(crate) fn of_definition(definition: &CustomResourceDefinition) -> Self {
        definition
            .spec
            .versions
            .iter()
            .filter(|version| version.storage)
            .filter_map(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref())
            .map(Self::new)
            .next()
            .unwrap_or_default()
    }

    pub(crate) fn new(written: &JSONSchemaProps) -> Self {
        let inner = |schema: &JSONSchemaProps| Box::new(Self::new(schema));
        Self {
            value_type: written.type_.clone().unwrap_or_default(),
            date_time: written.format.as_deref() == Some("date-time"),
            properties: written
                .properties
                .iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), Self::new(schema)))
                .collect(),
            required: written.required.clone().unwrap_or_default(),
            values: match &written.additional_properties {
                Some(JSONSchemaPropsOrBool::Schema(schema)) => Some(inner(schema)),
                Some(JSONSchemaPropsOrBool::Bool(_)) | None => None,
            },
            items: match &written.items {
                Some(JSONSchemaPropsOrArray::Schema(schema)) => Some(inner(schema)),
                Some(JSONSchemaPropsOrArray::Schemas(_)) | None => None,
            },
            accepted: written
                .enum_
                .iter()
                .flatten()
                .map(|JSON(value)| value.clone())
                .collect(),
            default: written.default.clone().map(|JSON(value)| value),
            pattern: written.pattern.as_deref().map(Pattern::new),
            min_length: written.min_length,
            max_length: written.max_length,
            minimum: written.minimum,
            rules: written
                .x_kubernetes_validations
                .iter()
                .flatten()
                .map(|rule| Rule::for_cel(&rule.rule))
                .collect(),
        }
    }
}
