//! Feeds: importing files in the formats of other projects, such as GDELT, UCDP and ACLED.
//!
//! A feed's file is converted, as a stream, to a temporary file of record lines, which the one importer then imports
//! like any file of records. So validation, reports and transactions are the same for both. Beside each record line
//! the number of the raw line is stored, so that problems name the line of the original file.
//!
//! 1. `archive` opens the files and unpacks gzip and zip; `detect` chooses the format of each from its content. All
//!    files are checked before the first is converted, so an unknown file is refused at once.
//! 2. `table` reads rows, and a `Converter` (one module for each format) turns each row into records.
//! 3. `record_writer` writes them. It deduplicates across the files of one import with the help of `dedup`.
//!
//! Nothing is guessed: values that the graph has no field for, and codes that have no certain equivalent, are counted
//! in the report as "not stored". Rows that are left out on purpose are counted as "skipped". A row with a problem is
//! reported and rejected alone.

mod acled;
mod acled_place;
mod acled_type;
mod archive;
mod code;
mod converted;
mod dedup;
mod detect;
mod ftm;
mod ftm_entity;
mod ftm_shape;
mod ftm_statements;
mod gdelt;
mod gdelt_event;
mod gdelt_mention;
mod gdelt_place;
mod geonames;
mod geonames_names;
mod gkg;
mod object;
mod older_places;
mod polecat;
mod polecat_actor;
mod polecat_place;
mod record_lines;
mod record_writer;
mod row;
mod sample;
mod table;
mod title;
mod ucdp;
mod ucdp_article;
mod ucdp_place;
mod unknown;
mod utf16;

pub(crate) use crate::import::feed::converted::Converted;

use std::collections::VecDeque;
use std::io::BufRead;

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::import::feed::archive::Input;
use crate::import::feed::dedup::Seen;
use crate::import::feed::record_writer::RecordWriter;
use crate::import::feed::row::{FieldProblem, Row};
use crate::import::feed::table::{Item, Layout, Table};
use crate::import::source::Source;
use crate::import::spool;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Detected from the content of each file
    Auto,
    /// newsgraph's own format: JSON Lines, one record per line; see `newsgraph schema --records`
    Records,
    /// GDELT 2.0 events, English or translated: 61 columns, no header
    GdeltEvents,
    /// GDELT 2.0 mentions, English or translated: 16 columns, no header. Mentions of events that are not stored are
    /// skipped
    GdeltMentions,
    /// GDELT Global Knowledge Graph 2.1, English or translated: 27 columns, no header
    GdeltGkg,
    /// UCDP Georeferenced Event Dataset: comma-separated with a header
    Ucdp,
    /// ACLED: comma-separated with a header, from the API or the export tool
    Acled,
    /// POLECAT: tab-separated with a header; events in the PLOVER ontology
    Polecat,
    /// FollowTheMoney entities, nested ones, or a delta of them: one JSON object per line
    Ftm,
    /// FollowTheMoney statements: comma-separated with a header, sorted by canonical_id
    FtmStatements,
    /// GeoNames places: 19 columns, no header
    Geonames,
    /// GeoNames alternate names: 8 or 10 columns, no header. Names of places that are not stored are skipped
    GeonamesNames,
}

/// Settings for reading files.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The format of all files, or [`Format::Auto`].
    pub format: Format,
    /// Key of the dataset that records belong to, instead of the feed's own default. For files of records it applies to
    /// records in front of the first `dataset` line.
    pub dataset: Option<String>,
    /// Store the names that GDELT's knowledge graph and POLECAT list for an article as mentions.
    pub mentions: bool,
    /// Store the quotations of GDELT's knowledge graph as statements.
    pub quotations: bool,
}

/// A feed: where its records belong, how its rows are separated, and how they are converted.
struct FeedDefinition {
    /// Key of the dataset, unless [`Settings::dataset`] names another.
    dataset: &'static str,
    title: &'static str,
    license: Option<&'static str>,
    url: Option<&'static str>,
    layout: Layout,
    missing: Option<MissingValue>,
    converter: Box<dyn Converter>,
}

/// The word that a feed writes in place of a missing value, and what it is counted as in the report.
#[derive(Clone, Copy)]
struct MissingValue {
    word: &'static str,
    counted: &'static str,
}

impl MissingValue {
    /// `NA`, which R writes. Conflict feeds are often passed on by such programs.
    const NA: Self = Self { word: "NA", counted: "missing values, written as `NA`" };
    /// `None`, which Python writes.
    const NONE: Self = Self { word: "None", counted: "missing values, written as `None`" };
}

/// Converts the rows of one file to records.
trait Converter {
    /// Converts one row. If it returns a problem, nothing of the row is written.
    fn convert_row(&mut self, row: &Row<'_>, writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem>;

    /// Writes records that depend on all rows, after the last one.
    fn convert_end(&mut self, _writer: &mut RecordWriter<'_>) -> Result<(), FieldProblem> {
        Ok(())
    }
}

impl Format {
    /// Returns the feed of a format; `None` for newsgraph's own records.
    fn definition(self, settings: &Settings) -> Option<FeedDefinition> {
        match self {
            Self::Auto | Self::Records => None,
            Self::GdeltEvents => Some(gdelt_event::definition()),
            Self::GdeltMentions => Some(gdelt_mention::definition()),
            Self::GdeltGkg => Some(gkg::definition(settings)),
            Self::Ucdp => Some(ucdp::definition()),
            Self::Acled => Some(acled::definition()),
            Self::Polecat => Some(polecat::definition(settings)),
            Self::Ftm => Some(ftm::definition()),
            Self::FtmStatements => Some(ftm_statements::definition()),
            Self::Geonames => Some(geonames::definition()),
            Self::GeonamesNames => Some(geonames_names::definition()),
        }
    }
}

/// Opens files, packed or not, and converts those that are feeds to records.
///
/// Refuses all files if one of them has no known format or cannot be unpacked. Of an archive with several files, those with a known
/// format are taken; the report names the others.
pub fn open(files: &[String], settings: &Settings) -> Result<Vec<Source>> {
    let inputs = files.iter().map(|name| Input::open(name)).collect::<Result<Vec<_>>>()?;
    // Converting can take minutes, so all formats are chosen first.
    let mut formats = VecDeque::new();
    let mut notes = Vec::new();
    for input in &inputs {
        formats.extend(choose_formats(input, settings, &mut notes)?);
    }
    let mut sources: Vec<Option<Source>> = Vec::new();
    // The files of one import share actors, places and articles.
    let mut seen = Seen::default();
    for input in &inputs {
        input.visit_files(&mut |name, reader| {
            let mut reader = utf16::decoded(reader).map_err(|error| Error::Io(format!("cannot read {name}"), error))?;
            let changed = || Error::BadInput(format!("{name} changed while it was read: import it again"));
            let Some(format) = formats.pop_front().ok_or_else(changed)? else { return Ok(()) };
            seen.set_file(sources.len());
            sources.extend(match format.definition(settings) {
                Some(feed) => convert(name, &mut reader, feed, settings, &mut seen)?,
                None => [None, Some(Source::converted(name, spool::keep(name, &mut reader)?, None))],
            });
            Ok(())
        })?;
    }
    for (file, source) in sources.iter_mut().enumerate() {
        if let Some(feed) = source.as_mut().and_then(|source| source.feed.as_mut()) {
            (feed.replaced, feed.keep_unreferenced) = seen.lines(file);
            feed.replaces_rows = seen.replaces_rows();
        }
    }
    // Places come first, since all other records refer to them. Mentions come last: an event they name may have been
    // merged into its mirror, and its external id is known only after the events were imported.
    let order = |(file, source): &(usize, Source)| {
        let is_places = source.feed.is_some() && file % 2 == 0;
        (!is_places, source.feed.as_ref().is_some_and(|feed| feed.needs_targets))
    };
    let mut sources: Vec<_> =
        sources.into_iter().enumerate().filter_map(|(file, source)| Some((file, source?))).collect();
    sources.sort_by_key(order);
    let mut sources: Vec<_> = sources.into_iter().map(|(_, source)| source).collect();
    if let Some(first) = sources.first_mut() {
        first.notes = notes;
    }
    Ok(sources)
}

/// Chooses the format of a file, or of each file in an archive: `None` for a file that is passed over, of which a note is made.
fn choose_formats(input: &Input, settings: &Settings, notes: &mut Vec<String>) -> Result<Vec<Option<Format>>> {
    let mut choices = Vec::new();
    input.visit_files(&mut |name, reader| {
        let is_system_file = name != input.name() && archive::is_system_file(name);
        // Files of an archive are told apart by their content: the requested format holds for those that have it.
        let mut reader = utf16::decoded(reader).map_err(|error| Error::Io(format!("cannot read {name}"), error))?;
        choices.push((name.to_owned(), is_system_file, detect::choose(name, &mut reader, settings.format)));
        Ok(())
    })?;
    let is_single = choices.iter().filter(|(_, is_system_file, _)| !is_system_file).count() <= 1;
    let mut formats = Vec::new();
    let mut refused = None;
    for (name, is_system_file, choice) in choices {
        let taken = match choice {
            _ if is_system_file => None,
            Ok(choice) if is_single || !choice.is_assumed => Some(choice.format),
            Ok(_) => None,
            Err(Error::BadInput(message)) => {
                refused.get_or_insert(message);
                None
            }
            Err(error) => return Err(error),
        };
        if taken.is_none() && (is_system_file || !is_single) {
            notes.push(format!("{name} was passed over: it is not a data file of a known format"));
        }
        formats.push(taken);
    }
    if formats.iter().any(Option::is_some) {
        return Ok(formats);
    }
    let name = input.name();
    Err(Error::BadInput(refused.unwrap_or_else(|| format!("{name} has no file of the requested format"))))
}

/// Converts one file of a feed to a file of places, if it has any, and a file of all other records.
fn convert(
    name: &str,
    reader: &mut dyn BufRead,
    feed: FeedDefinition,
    settings: &Settings,
    seen: &mut Seen,
) -> Result<[Option<Source>; 2]> {
    let dataset = settings.dataset.as_deref().unwrap_or(feed.dataset);
    let mut converter = feed.converter;
    let mut writer = RecordWriter::new(name, dataset, seen)?;
    writer.write_dataset(dataset, feed.title, feed.license, feed.url)?;
    let mut table = Table::open(name, reader, feed.layout)?;
    while let Some(item) = table.next()? {
        match item {
            Item::Row(line, cells) => {
                let row = Row::new(table.columns(), &cells, feed.missing.map(|missing| missing.word));
                writer.convert_row(line, |writer| {
                    if let Some(missing) = feed.missing {
                        writer.unmapped_times(missing.counted, row.missing_cells());
                    }
                    converter.convert_row(&row, writer)
                })?;
            }
            Item::Skipped(reason) => writer.skip_row(reason),
            Item::Invalid(line, problem) => writer.reject(line, problem),
        }
    }
    writer.convert_end(|writer| converter.convert_end(writer))?;
    if table.latin_lines() > 0 {
        writer.add_note(format!(
            "{name}: {} lines are not UTF-8 and were read as ISO-8859-1, which older files of this feed use",
            table.latin_lines()
        ));
    }
    let (places, (file, converted)) = writer.finish()?;
    let places = places.map(|(file, converted)| Source::converted(name, file, Some(converted)));
    Ok([places, Some(Source::converted(name, file, Some(converted)))])
}
