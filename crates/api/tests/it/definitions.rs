//! The definitions, beside the files that are shipped and beside Flux's own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use portolan_api::{CRDS_YAML, crds};
use serde_json::Value;

/// The definitions of Flux 2.10 without their descriptions, written down from source-controller's
/// `config/crd/bases`.
const FLUX: [&str; 2] = [
    include_str!("../data/flux-helmcharts.json"),
    include_str!("../data/flux-helmrepositories.json"),
];

#[test]
fn the_shipped_files_are_what_the_types_generate() {
    for crd in crds() {
        let path = format!(
            "{}/crds/{}_{}.yaml",
            env!("CARGO_MANIFEST_DIR"),
            crd.spec.group,
            crd.spec.names.plural
        );
        let generated = format!("---\n{}", serde_saphyr::to_string(&crd).unwrap());
        if std::env::var_os("UPDATE_CRDS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let shipped = std::fs::read_to_string(&path).unwrap();
        assert!(
            shipped == generated,
            "{path} is not what the types generate: run the test with UPDATE_CRDS=1 and look at the difference"
        );
    }
}

#[test]
fn the_shipped_text_is_one_yaml_document_for_each_kind() {
    let documents: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(CRDS_YAML).unwrap();
    assert_eq!(documents, crds());
}

#[test]
fn apart_from_descriptions_the_definitions_are_those_of_flux() {
    for (ours, flux) in crds().iter().zip(FLUX) {
        let flux: CustomResourceDefinition = serde_json::from_str(flux).unwrap();
        assert_eq!(without_descriptions(ours), without_descriptions(&flux));
    }
}

#[test]
fn every_field_of_a_schema_is_described() {
    for crd in crds() {
        let version = &crd.spec.versions[0];
        let schema = serde_json::to_value(version.schema.as_ref().unwrap()).unwrap();
        for_each_property("", &schema["openAPIV3Schema"], &mut |path, property| {
            if path != ".metadata" {
                let text = property["description"].as_str();
                assert!(
                    text.is_some_and(|text| text.len() > 10),
                    "{path} says nothing of itself"
                );
            }
        });
    }
}

fn for_each_property(path: &str, schema: &Value, act: &mut impl FnMut(&str, &Value)) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        act(&path, property);
        for_each_property(&path, property, act);
        for_each_property(&path, &property["items"], act);
    }
}

fn without_descriptions(crd: &CustomResourceDefinition) -> Value {
    let mut value = serde_json::to_value(crd).unwrap();
    remove_descriptions(&mut value);
    value
}

/// `description` is a sentence where it is a text, and else the name of a property.
fn remove_descriptions(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !(name == "description" && value.is_string()));
            fields.values_mut().for_each(remove_descriptions);
        }
        Value::Array(entries) => entries.iter_mut().for_each(remove_descriptions),
        _ => {}
    }
}
