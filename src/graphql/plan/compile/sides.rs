//! Compiles the sides of claims: the stances that count, with their statements and voices.

use async_graphql::parser::types::SelectionSet;

use super::{Compiler, LevelBuilder, internal, quoted};
use crate::error::Result;
use crate::graphql::plan::arguments::ArgumentValues;
use crate::graphql::plan::level::{
    AllRows, Ids, Join, LevelShown, Part, Shown, SideShown, SidesShown, Source, ValueShown,
};
use crate::graphql::plan::selection::SelectedField;
use crate::graphql::schema::field::Scalar;
use crate::graphql::schema::node_type::OfNodeType;
use crate::graphql::types::actor::Actor;
use crate::graphql::types::claim::{SIDES, voice_label};
use crate::graphql::types::stance::Stance;
use crate::graphql::types::statement::Statement;

/// The level of the stances, and the tables that are joined to it.
struct Stances {
    level: LevelBuilder,
    statement: Option<usize>,
    voice: Option<usize>,
}

impl Stances {
    /// Returns the table of the statements.
    fn statement(&mut self) -> usize {
        let level = &mut self.level;
        *self.statement.get_or_insert_with(|| {
            level.joins.push(Join { node_type: Statement::node_type(), from: 0, column: "statement_id" });
            level.joins.len()
        })
    }

    /// Returns the table of the voices.
    fn voice(&mut self) -> usize {
        let (from, level) = (self.statement(), &mut self.level);
        *self.voice.get_or_insert_with(|| {
            level.joins.push(Join { node_type: Actor::node_type(), from, column: "voice_id" });
            level.joins.len()
        })
    }
}

impl<'d> Compiler<'d> {
    /// Compiles the sides of the claims in a table of a level.
    pub(super) fn sides(
        &mut self,
        claims: &mut LevelBuilder,
        table: usize,
        ids: Ids,
        selected: &SelectedField<'d>,
    ) -> Result<Shown> {
        let mut level = self.begin_level(true)?;
        for column in ["claim_id", "stance", "statement_id"] {
            level.column(0, column);
        }
        let mut stances = Stances { level, statement: None, voice: None };
        let (mut parts, mut words) = (Vec::new(), Vec::new());
        for selected in self.collector.collect(&selected.sets(), &["Sides"])? {
            let side = SIDES.iter().find(|(name, _)| *name == selected.name());
            let shown = match (selected.name(), side) {
                ("__typename", _) => SidesShown::Typename(quoted("Sides")),
                ("implied", _) => SidesShown::Claim(Shown::Scalar(claims.column(table, "implied"), Scalar::Bool)),
                (_, Some((_, word))) => {
                    words.push(*word);
                    SidesShown::Side { word, fields: self.side(&mut stances, &selected.sets())? }
                }
                (name, None) => return Err(internal(&format!("`Sides.{name}` is not described"))),
            };
            parts.push(self.part("Sides", &selected, shown)?);
        }
        let rows = AllRows { by: "claim_id", only: "current", group: ("stance", words), order: "statement_id" };
        let source = Source::All { parents: ids, rows };
        let index = self.end_level(stances.level, Stance::node_type(), source, LevelShown::Row(Vec::new()));
        claims.children.push(index);
        Ok(Shown::Sides { id: claims.column(table, "id"), level: index, parts })
    }

    fn side(&mut self, stances: &mut Stances, sets: &[&'d SelectionSet]) -> Result<Vec<Part<SideShown>>> {
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &["Side"])? {
            let shown = match selected.name() {
                "__typename" => SideShown::Typename(quoted("Side")),
                "count" => SideShown::Count,
                "voices" => SideShown::Rows(self.voices(stances, &selected.sets())?),
                "statements" => {
                    let statement = stances.statement();
                    SideShown::Rows(self.object(
                        &mut stances.level,
                        statement,
                        Statement::node_type(),
                        &selected.sets(),
                    )?)
                }
                name => return Err(internal(&format!("`Side.{name}` is not described"))),
            };
            parts.push(self.part("Side", &selected, shown)?);
        }
        Ok(parts)
    }

    fn voices(&mut self, stances: &mut Stances, sets: &[&'d SelectionSet]) -> Result<Vec<Part<Shown>>> {
        let mut parts = Vec::new();
        for selected in self.collector.collect(sets, &["Voice"])? {
            let shown = match selected.name() {
                "__typename" => Shown::Typename(quoted("Voice")),
                "label" => {
                    let (voice, statement) = (stances.voice(), stances.statement());
                    let columns = [(voice, "label"), (statement, "speaker_text"), (statement, "cue")];
                    Shown::Computed {
                        columns: columns.map(|(table, column)| stances.level.column(table, column)).to_vec(),
                        function: voice_label,
                        arguments: ArgumentValues::default(),
                        shown: ValueShown::Leaf,
                    }
                }
                _ => {
                    let voice = stances.voice();
                    let fields = self.object(&mut stances.level, voice, Actor::node_type(), &selected.sets())?;
                    Shown::Joined { id: stances.level.column(voice, "id"), fields }
                }
            };
            parts.push(self.part("Voice", &selected, shown)?);
        }
        Ok(parts)
    }
}
