//! Rules for fragments and the types that they name.

use crate::graphql_validation::Rule;

pub const RULES: &[Rule] = &[
    Rule {
        name: "FragmentsOnCompositeTypes",
        valid: &[
            ("on an object type", "{ events { nodes { ...F } } } fragment F on Event { title }"),
            ("on an interface", "{ actors { nodes { ...F } } } fragment F on Actor { label }"),
            ("inline on an object type", "{ actors { nodes { ... on Person { occupation } } } }"),
            ("inline on an interface", "{ node(id: \"x\") { ... on Actor { label } } }"),
            ("inline without a type", "{ actors { nodes { ... { label } } } }"),
            (
                "on a union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on ActorLink { __typename }",
            ),
        ],
        invalid: &[
            ("on a scalar", "{ ...F } fragment F on Boolean { bad }"),
            ("on an enum", "{ ...F } fragment F on EventType { bad }"),
            ("on an input type", "{ ...F } fragment F on EventFilter { slug }"),
            ("on a custom scalar", "{ ...F } fragment F on DateTime { year }"),
            ("inline on a scalar", "{ actors { nodes { ... on String { length } } } }"),
            ("inline on an enum", "{ actors { nodes { ... on ActorKind { bad } } } }"),
            ("inline on an input type", "{ actors { nodes { ... on ActorFilter { slug } } } }"),
        ],
    },
    Rule {
        name: "KnownFragmentNames",
        valid: &[(
            "known fragments",
            "{ events { nodes { ...A ... on Event { ...B } ... { id } } } } fragment A on Event { title ...C } fragment B on Event { slug } fragment C on Event { type }",
        )],
        invalid: &[
            ("an unknown fragment", "{ events { nodes { ...Unknown } } }"),
            ("an unknown fragment in an inline fragment", "{ events { nodes { id ... on Event { ...Unknown } } } }"),
            (
                "an unknown fragment in a fragment",
                "{ events { nodes { ...A } } } fragment A on Event { id ...Unknown }",
            ),
            (
                "an unknown fragment in a document's other operation",
                "query A { eventTypes { type } } query B { ...Unknown }",
            ),
            ("an unknown fragment below an unknown field", "{ events { unknown { ...Unknown } } }"),
        ],
    },
    Rule {
        name: "KnownTypeNames",
        valid: &[
            (
                "known types",
                "query Q($a: String, $b: [ID!]! = [], $c: EventFilter) { people(after: $a) { totalCount } nodes(ids: $b) { ... on Event { id } ...F ... { id } } events(filter: $c) { totalCount } } fragment F on Person { label }",
            ),
            (
                "types of introspection",
                "{ __schema { ...S types { ... on __Type { name } } } } fragment S on __Schema { directives { name } }",
            ),
            (
                "a scalar that is not in this schema's fields",
                "query($i: ID, $b: Boolean, $f: Float, $n: Int) { events(filter: {id: {eq: $i}, figures: {some: {value: {eq: $f, isNull: $b}}}}, first: $n) { totalCount } }",
            ),
        ],
        invalid: &[
            ("an unknown type of a variable", "query($v: Jumbled = null) { events(filter: $v) { totalCount } }"),
            (
                "an unknown type in lists of a variable",
                "query($v: [[Jumbled!]!]! = []) { events(orderBy: $v) { totalCount } }",
            ),
            (
                "an unknown type of a variable with a default",
                "query($v: [Jumbled] = [\"x\"]) { events(orderBy: $v) { totalCount } }",
            ),
            (
                "an unknown type in a list of an unused variable with a default",
                "query($v: [Jumbled] = [\"x\"]) { eventTypes { type } }",
            ),
            ("an unknown type of an inline fragment", "{ node(id: \"x\") { ... on Badger { name } } }"),
            ("an unknown type of a fragment", "{ node(id: \"x\") { ...F } } fragment F on Peat { name }"),
            ("a type in other case", "{ node(id: \"x\") { ... on event { title } } }"),
            ("a name that every object has", "{ node(id: \"x\") { ... on constructor { title } } }"),
        ],
    },
    Rule {
        name: "NoFragmentCycles",
        valid: &[
            (
                "a single reference",
                "{ events { nodes { ...A } } } fragment A on Event { ...B } fragment B on Event { title }",
            ),
            (
                "the same fragment twice",
                "{ events { nodes { ...A } } } fragment A on Event { ...B ...B } fragment B on Event { title }",
            ),
            (
                "the same fragment twice indirectly",
                "{ events { nodes { ...A } } } fragment A on Event { ...B ...C } fragment B on Event { ...C } fragment C on Event { title }",
            ),
            (
                "the same fragment in several types",
                "{ actors { nodes { ...S } } } fragment N on Actor { ... on Person { label } ... on Group { label } } fragment S on Actor { ... on Person { ...N } ... on Group { ...N } }",
            ),
            ("a field of the fragment's name", "{ events { nodes { ...title } } } fragment title on Event { title }"),
        ],
        invalid: &[
            (
                "a fragment within a field of itself",
                "{ events { nodes { ...A } } } fragment A on Event { parent { ...A } }",
            ),
            ("a fragment within itself", "{ events { nodes { ...A } } } fragment A on Event { title ...A }"),
            (
                "a fragment within an inline fragment of itself",
                "{ actors { nodes { ...A } } } fragment A on Actor { ... on Person { ...A } }",
            ),
            (
                "two fragments within each other",
                "{ events { nodes { ...A } } } fragment A on Event { ...B } fragment B on Event { ...A }",
            ),
            (
                "two fragments within each other in the other order",
                "{ events { nodes { ...B } } } fragment B on Event { ...A } fragment A on Event { ...B }",
            ),
            (
                "two fragments within inline fragments of each other",
                "{ actors { nodes { ...A } } } fragment A on Actor { ... on Person { ...B } } fragment B on Actor { ... on Person { ...A } }",
            ),
            (
                "a long cycle",
                "{ events { nodes { ...A } } } fragment A on Event { ...B } fragment B on Event { ...C } fragment C on Event { ...O } fragment X on Event { ...Y } fragment Y on Event { ...Z } fragment Z on Event { ...O } fragment O on Event { ...P } fragment P on Event { ...A ...X }",
            ),
            (
                "two paths",
                "{ events { nodes { ...A } } } fragment A on Event { ...B ...C } fragment B on Event { ...A } fragment C on Event { ...A }",
            ),
            (
                "two paths in another order",
                "{ events { nodes { ...A } } } fragment A on Event { ...C } fragment B on Event { ...C } fragment C on Event { ...A ...B }",
            ),
            (
                "a cycle within a cycle",
                "{ events { nodes { ...A } } } fragment A on Event { ...B } fragment B on Event { ...B ...C } fragment C on Event { ...A ...B }",
            ),
            (
                "a cycle that no operation uses",
                "{ eventTypes { type } } fragment A on Event { ...B } fragment B on Event { ...A }",
            ),
            (
                "a cycle below an unknown field",
                "{ events { nodes { ...A } } } fragment A on Event { unknown { ...A } }",
            ),
            ("a cycle at the root", "{ ...A } fragment A on Query { ...A }"),
        ],
    },
    Rule {
        name: "NoUnusedFragments",
        valid: &[
            (
                "all fragments are used",
                "{ events { nodes { ...A ... on Event { ...B } } } } fragment A on Event { id ...C } fragment B on Event { slug } fragment C on Event { title }",
            ),
            (
                "all fragments are used by several operations",
                "query X { events { nodes { ...A } } } query Y { events { nodes { ...B } } } fragment A on Event { id ...C } fragment B on Event { slug } fragment C on Event { title }",
            ),
        ],
        invalid: &[
            (
                "two fragments are not used",
                "query X { events { nodes { ...A } } } query Y { events { nodes { ...A } } } fragment A on Event { id } fragment U on Event { id } fragment V on Event { id }",
            ),
            (
                "a fragment that only an unused fragment uses",
                "{ eventTypes { type } } fragment U on Event { ...V } fragment V on Event { id }",
            ),
            (
                "unused fragments that use each other",
                "{ events { nodes { ...A } } } fragment A on Event { id } fragment U on Event { id ...V } fragment V on Event { id ...U }",
            ),
            ("an unused and an unknown fragment", "{ events { nodes { ...B } } } fragment A on Event { id }"),
        ],
    },
    Rule {
        name: "UniqueFragmentNames",
        valid: &[
            ("no fragments", "{ eventTypes { type } }"),
            ("one fragment", "{ ...A } fragment A on Query { eventTypes { type } }"),
            (
                "many fragments",
                "{ events { nodes { ...A ...B ...C } } } fragment A on Event { id } fragment B on Event { slug } fragment C on Event { title }",
            ),
            ("inline fragments", "{ events { nodes { ... on Event { id } ... on Event { title } } } }"),
        ],
        invalid: &[
            (
                "two fragments of the same name",
                "{ events { nodes { ...A } } } fragment A on Event { id } fragment A on Event { title }",
            ),
            (
                "two unused fragments of the same name",
                "{ eventTypes { type } } fragment A on Event { id } fragment A on Event { title }",
            ),
        ],
    },
    Rule {
        name: "PossibleFragmentSpreads",
        valid: &[
            (
                "of the same object type",
                "{ events { nodes { ...A } } } fragment A on Event { ...B } fragment B on Event { id }",
            ),
            ("of the same object type inline", "{ events { nodes { ... on Event { id } } } }"),
            ("an object type in its interface", "{ actors { nodes { ...F } } } fragment F on Person { occupation }"),
            (
                "an object type in its union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on Event { title }",
            ),
            ("a union in its object type", "{ events { nodes { ...F } } } fragment F on ActorLink { __typename }"),
            (
                "a union in an overlapping interface",
                "{ node(id: \"x\") { ...F } } fragment F on ActorLink { __typename }",
            ),
            (
                "a union in an overlapping union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on HopSource { __typename }",
            ),
            ("an interface in its object type", "{ people { nodes { ...F } } } fragment F on Actor { label }"),
            (
                "an interface in an interface that implements it",
                "{ actors { nodes { ...F } } } fragment F on Node { id }",
            ),
            ("an interface in the interface that it implements", "{ node(id: \"x\") { ... on Actor { label } } }"),
            (
                "an interface in an overlapping union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ... on Node { id } } } } }",
            ),
        ],
        invalid: &[
            ("another object type", "{ events { nodes { ...F } } } fragment F on Place { label }"),
            ("another object type inline", "{ events { nodes { ... on Place { label } } } }"),
            (
                "another object type in an inline fragment without a type",
                "{ events { nodes { ... { ... on Place { label } } } } }",
            ),
            (
                "an object type that does not implement the interface",
                "{ actors { nodes { ...F } } } fragment F on Event { title }",
            ),
            (
                "an object type that the union does not contain",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on Place { label }",
            ),
            (
                "a union that does not contain the object type",
                "{ places { nodes { ...F } } } fragment F on ActorLink { __typename }",
            ),
            (
                "a union that does not overlap the interface",
                "{ actors { nodes { ...F } } } fragment F on ActorLink { __typename }",
            ),
            (
                "a union that does not overlap the union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on MergeReason { __typename }",
            ),
            (
                "an interface that the object type does not implement",
                "{ events { nodes { ...F } } } fragment F on Actor { label }",
            ),
            (
                "an interface that the object type does not implement, inline",
                "{ events { nodes { ... on Actor { label } } } }",
            ),
            (
                "an interface that does not overlap the union",
                "{ path(from: {slug: \"a\"}, to: {slug: \"b\"}) { hops { via { ...F } } } } fragment F on Actor { label }",
            ),
            ("a fragment on the root in a field", "{ events { ...F } } fragment F on Query { eventTypes { type } }"),
        ],
    },
];
