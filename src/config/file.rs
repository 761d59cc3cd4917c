//! The settings file: TOML whose keys are the names of flags.
//!
//! A flag overrides the environment variable, that overrides the file, and that overrides the default.
//!
//! The environment and the file hold the settings of a server: everything that `serve` takes, and `database-url`. A switch of
//! one command, such as `--dataset` or `--dry-run`, is a command-line flag only. Every command reads the same file, so a
//! dataset set there for imports would silently reduce a backup by `newsgraph export` to that dataset.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Arg, Command};
use toml::{Table, Value};

use crate::error::{Error, Result, did_you_mean};

/// Returns the command with the settings of a file as the defaults of its flags.
///
/// # Errors
///
/// [`Error::Io`] when the file cannot be read. [`Error::BadInput`] when it is not TOML, names an unknown setting or a flag that
/// is not a setting, or has a value of another type than string, integer, boolean or a list of these.
pub fn with_file(command: Command, file: &Path) -> Result<Command> {
    let path = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| Error::Io(format!("cannot read {path}"), error))?;
    let table: Table = text.parse().map_err(|error| invalid_toml(file, &text, &error))?;
    let known = KnownFlags::of(&command);
    let mut settings = Vec::new();
    for (name, value) in &table {
        known.check(name).map_err(|problem| Error::BadInput(format!("{path}: {problem}")))?;
        let values = match value {
            Value::Array(values) => values.iter().map(scalar).collect(),
            value => scalar(value).map(|value| vec![value]),
        };
        let wrong_type = || {
            Error::BadInput(format!(
                "{path}: `{name}` must be a string, a whole number, true, false, or a list of these"
            ))
        };
        settings.push((name.clone(), values.ok_or_else(wrong_type)?));
    }
    Ok(with_defaults(command, &settings))
}

/// Converts a syntax error. The line at fault is not repeated: it may have a password.
fn invalid_toml(file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    Error::BadInput(format!("{} is not valid TOML: line {line}: {}", file.display(), error.message()))
}

/// The names of all flags of a program.
#[derive(Default)]
struct KnownFlags {
    /// Flags that the file can set.
    settings: BTreeSet<String>,
    /// Flags that only the command line can set.
    flags_only: BTreeSet<String>,
}

impl KnownFlags {
    fn of(command: &Command) -> Self {
        let mut known = Self::default();
        known.add(command);
        known
    }

    fn add(&mut self, command: &Command) {
        for argument in command.get_arguments() {
            if let Some(name) = argument.get_long() {
                let names = if is_setting(argument) { &mut self.settings } else { &mut self.flags_only };
                names.insert(name.to_owned());
            }
        }
        command.get_subcommands().for_each(|command| self.add(command));
    }

    /// Checks that the file can set this name; an error says what is wrong.
    fn check(&self, name: &str) -> Result<(), String> {
        if self.settings.contains(name) {
            return Ok(());
        }
        if name == "config" {
            return Err("`config` cannot be set in the settings file itself".into());
        }
        if self.flags_only.contains(name) {
            return Err(format!("`{name}` is not a setting: it is a command-line flag only (`--{name}`)"));
        }
        let hint = did_you_mean(name, self.settings.iter().map(String::as_str));
        let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
        Err(format!("there is no setting `{name}`{hint}"))
    }
}

/// Returns true for a flag that the environment can set: the file can set the same ones.
fn is_setting(argument: &Arg) -> bool {
    argument.get_env().is_some() && argument.get_long() != Some("config")
}

/// The text of a value as the command line would have it; `None` for other types.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

fn with_defaults(command: Command, settings: &[(String, Vec<String>)]) -> Command {
    command
        .mut_args(|argument| {
            let values = settings.iter().find(|(name, _)| Some(name.as_str()) == argument.get_long());
            match values {
                // A value that is hidden in the environment is hidden here too: `--help` shows defaults.
                Some((_, values)) if is_setting(&argument) => {
                    let is_secret = argument.is_hide_env_values_set();
                    argument.default_values(values.clone()).hide_default_value(is_secret)
                }
                _ => argument,
            }
        })
        .mut_subcommands(|command| with_defaults(command, settings))
}
