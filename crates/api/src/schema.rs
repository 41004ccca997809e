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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::admission::refusals;
    use crate::crds::crds;

    fn schema(written: Value) -> Schema {
        Schema::new(&serde_json::from_value(written).unwrap())
    }

    #[test]
    fn a_rule_that_has_no_counterpart_in_rust_never_holds() {
        let schema =
            schema(json!({ "type": "object", "x-kubernetes-validations": [{ "rule": "true" }] }));
        let errors = refusals(&schema, &json!({}));
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("cannot be checked here"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_matches_nothing() {
        let schema = schema(json!({ "type": "string", "pattern": "(" }));
        assert_eq!(refusals(&schema, &json!("x")).len(), 1);
    }

    #[test]
    fn every_rule_and_pattern_of_a_definition_can_be_checked() {
        fn walk(schema: &Schema) {
            assert!(schema.pattern.iter().all(|pattern| pattern.regex.is_some()));
            assert!(
                schema
                    .rules
                    .iter()
                    .all(|rule| !rule.message.contains("cannot be checked"))
            );
            let inner = [&schema.items, &schema.values];
            schema.properties.values().for_each(walk);
            inner.into_iter().flatten().for_each(|schema| walk(schema));
        }
        for definition in crds() {
            let schema = Schema::of_definition(&definition);
            assert!(schema.properties.contains_key("spec"));
            walk(&schema);
        }
    }

    #[test]
    fn every_keyword_of_a_definition_is_one_that_values_are_compared_by() {
        const KNOWN: [&str; 14] = [
            "additionalProperties",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "maxLength",
            "minLength",
            "minimum",
            "pattern",
            "properties",
            "required",
            "type",
            "x-kubernetes-validations",
        ];
        fn walk(schema: &Value, used: &mut BTreeSet<String>) {
            used.extend(schema.as_object().unwrap().keys().cloned());
            let properties = schema["properties"]
                .as_object()
                .into_iter()
                .flat_map(|map| map.values());
            let inner = [&schema["items"], &schema["additionalProperties"]];
            for schema in properties.chain(inner.into_iter().filter(|schema| schema.is_object())) {
                walk(schema, used);
            }
        }
        let mut used = BTreeSet::new();
        for definition in crds() {
            let schema = definition.spec.versions[0].schema.as_ref().unwrap();
            walk(
                &serde_json::to_value(schema).unwrap()["openAPIV3Schema"],
                &mut used,
            );
        }
        assert_eq!(used, KNOWN.map(str::to_owned).into());
    }
}
