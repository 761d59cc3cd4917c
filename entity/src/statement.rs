//! Acts of saying.

use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use serde::Serialize;

use crate::id::{ActorId, ArticleId, PlaceId, StatementId};
use crate::row::row_struct;
use crate::string_enum::string_enum;

row_struct! {
    /// One act of saying, as one reporting phrase or quotation gives it.
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize)]
    #[sea_orm(table_name = "statement")]
    pub struct Model {
        /// Its number.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: StatementId,
        /// What is said, in our words.
        pub summary: String,
        /// What is said, word for word.
        pub text: Option<String>,
        /// Who says it.
        pub speaker_id: Option<ActorId>,
        /// The speaker as printed.
        pub speaker_text: Option<String>,
        /// The reporting word: said, claimed.
        pub cue: Option<String>,
        /// How it is attributed.
        pub attribution: Attribution,
        /// Quoted or told.
        pub quote_type: QuoteType,
        /// By what means it was said.
        pub medium: Medium,
        /// The service or outlet on which it was said.
        pub platform: Option<String>,
        /// What is done by saying it.
        pub act: Option<SpeechAct>,
        /// BCP 47 tag of the language it was said in.
        pub language: Option<String>,
        /// When it was said, in EDTF.
        pub said: Option<String>,
        /// The raw words.
        pub said_raw: Option<String>,
        /// Start of that time, seconds since 1970 UTC.
        pub earliest: Option<i64>,
        /// End of that time, exclusive.
        pub latest: Option<i64>,
        /// Where it was said.
        pub place_id: Option<PlaceId>,
        /// To whom.
        pub addressee_id: Option<ActorId>,
        /// The first article that reports it.
        pub article_id: Option<ArticleId>,
        /// The statement that it passes on.
        pub relays_id: Option<StatementId>,
        /// Derived: where its first evidence starts in its article.
        pub position: Option<i32>,
        /// Derived: whose voice counts for its stances; equal text is one voice.
        pub voice: Option<String>,
        /// Derived: the actor whose voice it is; none for an unnamed voice.
        pub voice_id: Option<ActorId>,
    }
}

/// Joins are written where they are asked for; foreign keys are the migrations' concern.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

string_enum! {
    /// How a statement is attributed.
    Attribution {
        /// To a person by name or office.
        NamedPerson,
        /// To an organization.
        NamedOrganization,
        /// To a group of people.
        Group,
        /// To a source without a name.
        Anonymous,
        /// To nobody in particular: widely blamed, has been reported.
        Unattributed,
        /// The article's own voice.
        Narration,
        /// The feed gives no speaker.
        NotRecorded,
    }
}

string_enum! {
    /// Quoted or told.
    QuoteType {
        /// In the speaker's own words.
        Direct,
        /// In the words of who reports it.
        Indirect,
        /// Told with quoted pieces.
        Mixed,
    }
}

string_enum! {
    /// By what means something was said; the most specific one.
    Medium {
        /// Said to a journalist.
        Interview,
        /// A post on Twitter or X.
        Tweet,
        /// A post on another social service or messenger.
        SocialPost,
        /// A written release.
        PressRelease,
        /// Said at a press conference.
        PressConference,
        /// A speech.
        Speech,
        /// On radio or television.
        Broadcast,
        /// A video.
        Video,
        /// A published report.
        Report,
        /// An article.
        Article,
        /// A letter.
        Letter,
        /// A ruling, charge or testimony.
        CourtDocument,
        /// Not told.
        Unknown,
    }
}

string_enum! {
    /// What is done by saying something.
    SpeechAct {
        /// Tells something.
        Inform,
        /// Blames somebody.
        Accuse,
        /// Condemns.
        Condemn,
        /// Denies.
        Deny,
        /// Confirms.
        Confirm,
        /// Praises.
        Praise,
        /// Promises or announces.
        Promise,
        /// Threatens.
        Threaten,
        /// Asks or demands.
        Request,
        /// Refuses.
        Refuse,
        /// Apologizes.
        Apologize,
        /// Wishes somebody something.
        Wish,
        /// Warns.
        Warn,
        /// Foretells.
        Predict,
    }
}
