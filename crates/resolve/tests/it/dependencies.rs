//! From requirements to charts.

use portolan_chart::ChartMetadata;
use portolan_resolve::{Answer, Listed, Place, Resolved, Subject, Unbuilt, Walk, WalkOptions};

fn metadata(yaml: &str) -> ChartMetadata {
    match ChartMetadata::parse(yaml.as_bytes()) {
        Ok(metadata) => metadata,
        Err(error) => unreachable!("{yaml}: {error}"),
    }
}

#[test]
fn a_chart_of_an_index_and_one_of_a_registry_are_found() {
    let app = metadata(
        "{name: app, version: 0.1.0, dependencies: [
            {name: redis, version: 18.x, repository: 'https://charts.example.com'},
            {name: web, version: 1.2.3, repository: 'oci://registry.example.com/charts'},
            {name: redis, version: ^17, repository: 'https://charts.example.com/', alias: old},
        ]}",
    );
    let mut walk = Walk::new(Unbuilt::new(&app), WalkOptions::default());
    let questions = walk.wanted();
    let [question] = questions.as_slice() else {
        panic!("{questions:?}");
    };
    assert!(
        matches!(question.subject(), Subject::Versions { chart, .. } if chart == "redis"),
        "{question:?}"
    );
    let versions = ["17.1.0", "18.0.0", "18.1.0", "19.0.0"].map(Listed::tag);
    walk.answer(question.id(), Answer::Versions(versions.to_vec()))
        .unwrap();
    assert!(walk.wanted().is_empty());
    let found = walk.finish().unwrap();
    let versions: Vec<&str> = found.all().map(Resolved::version).collect();
    assert_eq!(versions, ["18.1.0", "1.2.3", "17.1.0"]);
    assert!(matches!(found.dependencies()[1].place(), Place::Oci(_)));
}
