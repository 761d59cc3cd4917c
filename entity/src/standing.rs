//! The standing of a claim.

use crate::string_enum::string_enum;

string_enum! {
    /// The standing of a claim: the result of comparing the voices for it (`ASSERTS`, `CONFIRMS`, `SUPPORTS`) with the voices
    /// against it (`DENIES`, `QUESTIONS`). Only the latest stance of each voice counts. A standing is computed from stances and
    /// does not say what is true.
    Standing {
        /// There are voices for and against the claim.
        Contested,
        /// There are voices for the claim and none against it.
        Uncontested,
        /// No voice is for the claim any more, and at least one retracted it.
        Retracted,
        /// No voice is for the claim, none retracted it, and at least one denies it.
        Denied,
        /// No voice is for the claim, and none retracted or denied it.
        Unsupported,
    }
}
