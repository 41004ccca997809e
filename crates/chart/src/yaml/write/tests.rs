use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[ \n\ta:#'\"\\\\{}-]{0,12}",
        "[0-9+.:_exTZ-]{1,8}",
        // Long enough to be folded.
        "( ?[a-z']{1,9} {1,2}){0,30}",
        any::<String>(),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let scalar = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(|value| Node::Int(value.into())),
        any::<u64>().prop_map(|value| Node::Int(value.into())),
        text().prop_map(Node::Text),
    ];
    scalar.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(Node::Map),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_what_it_was(node in node()) {
        let yaml = write(&node);
        prop_assert_eq!(Node::parse(yaml.as_bytes()).unwrap(), node, "{}", yaml);
    }

    #[test]
    fn a_text_that_has_to_fit_does(text in text()) {
        let yaml = write_text(&text);
        prop_assert!(!yaml.contains('\n'));
        let node = Node::Map([("a".to_owned(), Node::Text(text))].into());
        prop_assert_eq!(Node::parse(format!("a: {yaml} # b\n").as_bytes()).unwrap(), node);
    }
}
