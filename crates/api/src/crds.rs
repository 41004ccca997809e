//! The definitions that a cluster needs to know the resources.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;

use crate::{HelmChart, HelmRepository};

/// The definitions of [`crds`] as YAML, one document each.
pub const CRDS_YAML: &str = concat!(
    include_str!("../crds/source.toolkit.fluxcd.io_helmcharts.yaml"),
    include_str!("../crds/source.toolkit.fluxcd.io_helmrepositories.yaml"),
);

/// The custom resource definitions of every kind in this crate, ordered by name.
///
/// They serve and store `v1` only, and accept and refuse the same objects as those that Flux 2.10
/// installs.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![definition::<HelmChart>(), definition::<HelmRepository>()]
}

/// The derived definition of a kind, brought into the form that Flux gives its own: absent and null mean
/// the same, `spec` may be missing, and a new object starts with a status.
pub(crate) fn definition<T: CustomResourceExt>() -> CustomResourceDefinition {
    let mut definition = T::crd();
    let names = &mut definition.spec.names;
    names.list_kind = Some(format!("{}List", names.kind));
    for version in &mut definition.spec.versions {
        let schema = version.schema.as_mut();
        if let Some(root) = schema.and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            for_each_schema(root, &mut tidy);
            complete_root(root);
        }
    }
    definition
}

/// Remove what schemars says of Rust types and the API server would take literally.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.nullable = None;
    schema.title = None;
    schema.description = schema
        .description
        .take()
        .filter(|text| !text.is_empty())
        .map(|text| text.replace('\n', " "));
    if let Some(values) = &mut schema.enum_ {
        values.retain(|JSON(value)| !value.is_null());
    }
}

fn complete_root(root: &mut JSONSchemaProps) {
    root.required = None;
    let properties = root.properties.get_or_insert_default();
    if let Some(spec) = properties.get_mut("spec") {
        spec.default = None;
    }
    if let Some(status) = properties.get_mut("status") {
        status.default = Some(JSON(json!({ "observedGeneration": -1 })));
    }
    for (name, value_type, description) in [
        (
            "apiVersion",
            "string",
            Some("Group and version of the resource."),
        ),
        ("kind", "string", Some("Kind of the resource.")),
        ("metadata", "object", None),
    ] {
        let schema = JSONSchemaProps {
            type_: Some(value_type.to_owned()),
            description: description.map(str::to_owned),
            ..JSONSchemaProps::default()
        };
        properties.insert(name.to_owned(), schema);
    }
}

fn for_each_schema(schema: &mut JSONSchemaProps, act: &mut impl FnMut(&mut JSONSchemaProps)) {
    act(schema);
    for property in schema
        .properties
        .iter_mut()
        .flat_map(|properties| properties.values_mut())
    {
        for_each_schema(property, act);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        for_each_schema(items, act);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        for_each_schema(values, act);
    }
}
