//! The file of settings: TOML with the names of the flags. A flag counts before the environment, that before the file, and that
//! before the default.

use std::path::Path;

use clap::Command;
use toml::{Table, Value};

use crate::error::{Error, Result, did_you_mean};

/// Makes what a file says the defaults of a command line.
pub fn with_file(command: Command, file: &Path) -> Result<Command> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Error::Io(format!("cannot read {shown}"), error))?;
    let table: Table = text.parse().map_err(|error| Error::BadInput(format!("{shown} is no TOML: {error}")))?;
    let mut known = Vec::new();
    names(&command, &mut known);
    for name in table.keys() {
        if !known.contains(name) {
            let nearest = did_you_mean(name, known.iter().map(String::as_str)).unwrap_or_default();
            return Err(Error::BadInput(format!("{shown}: there is no setting `{name}` {nearest}")));
        }
    }
    let mut settings = Vec::new();
    for (name, value) in &table {
        let text = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(truth) => Ok(truth.to_string()),
            _ => Err(Error::BadInput(format!(
                "{shown}: `{name}` is a text, a whole number, true, false or a list of them"
            ))),
        };
        let values = match value {
            Value::Array(values) => values.iter().map(text).collect::<Result<Vec<_>>>()?,
            one => vec![text(one)?],
        };
        settings.push((name.clone(), values));
    }
    Ok(apply(command, &settings))
}

fn apply(command: Command, settings: &[(String, Vec<String>)]) -> Command {
    command
        .mut_args(|argument| {
            let values = settings.iter().find(|(name, _)| Some(name.as_str()) == argument.get_long());
            match values {
                Some((_, values)) => argument.default_values(values.clone()),
                None => argument,
            }
        })
        .mut_subcommands(|command| apply(command, settings))
}

fn names(command: &Command, known: &mut Vec<String>) {
    known.extend(command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)));
    for command in command.get_subcommands() {
        names(command, known);
    }
}
