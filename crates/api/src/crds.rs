//! The definitions that a cluster needs to know the resources.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;

use crate::{HelmChart, HelmRepository};

/// The custom resource definitions of every kind in this crate, by name.
pub fn crds() -> Vec<CustomResourceDefinition> {
    [HelmChart::crd(), HelmRepository::crd()]
        .into_iter()
        .map(as_flux_writes_it)
        .collect()
}

/// Bring a derived definition into the form that Flux gives its own: absent and null mean the same,
/// `spec` may be missing, and a new object starts with a status.
fn as_flux_writes_it(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    crd.spec.names.list_kind = Some(format!("{}List", crd.spec.names.kind));
    for version in &mut crd.spec.versions {
        let Some(root) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        else {
            continue;
        };
        for_each_schema(root, &mut |schema| {
            schema.nullable = None;
            schema.title = None;
            schema.description = schema
                .description
                .take()
                .map(|text| text.replace('\n', " "));
            if let Some(values) = &mut schema.enum_ {
                values.retain(|JSON(value)| !value.is_null());
            }
        });
        root.required = None;
        let properties = root.properties.get_or_insert_default();
        if let Some(status) = properties.get_mut("status") {
            status.default = Some(JSON(json!({ "observedGeneration": -1 })));
        }
        properties.insert(
            "apiVersion".to_owned(),
            plain("string", "Group and version of the resource."),
        );
        properties.insert("kind".to_owned(), plain("string", "Kind of the resource."));
        properties.insert(
            "metadata".to_owned(),
            JSONSchemaProps {
                type_: Some("object".to_owned()),
                ..JSONSchemaProps::default()
            },
        );
    }
    crd
}

fn plain(type_: &str, description: &str) -> JSONSchemaProps {
    JSONSchemaProps {
        type_: Some(type_.to_owned()),
        description: Some(description.to_owned()),
        ..JSONSchemaProps::default()
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
