//! Rules for directives: which exist, where they may be used, and that each is used once at one place (GraphQL specification,
//! section 5.7).

use std::collections::HashSet;

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, DirectiveLocation};

use crate::graphql::validation::schema_index::location_name;
use crate::graphql::validation::selections::Validator;

impl<'d> Validator<'d> {
    /// Checks the directives at one place; `None` stands for the definition of a variable.
    pub(super) fn directives(&mut self, location: Option<DirectiveLocation>, directives: &'d [Positioned<Directive>]) {
        let mut seen = HashSet::new();
        for Positioned { node: directive, pos } in directives {
            let name = directive.name.node.as_str();
            if !seen.insert(name) {
                let message = format!("The directive `@{name}` is given twice here: leave one of them out");
                self.report(*pos, message);
            }
            let definition = self.schema.directive(name);
            match definition {
                None => {
                    let hint = self.schema.suggest(name, self.schema.directive_names());
                    self.report(*pos, format!("There is no directive `@{name}`{hint}"));
                }
                Some(definition) => {
                    if !location.is_some_and(|location| definition.locations.contains(&location)) {
                        let place = location.and_then(location_name).unwrap_or("the definition of a variable");
                        let places: Vec<&str> =
                            definition.locations.iter().filter_map(|location| location_name(*location)).collect();
                        let places = places.join(" or ");
                        let message =
                            format!("The directive `@{name}` may not be used on {place}: move it to {places}");
                        self.report(*pos, message);
                    }
                }
            }
            let arguments = definition.map(|definition| definition.arguments.as_slice());
            self.arguments(&format!("@{name}"), *pos, arguments, &directive.arguments);
        }
    }
}
