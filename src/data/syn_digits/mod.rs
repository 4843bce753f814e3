//! Synthetic digits, drawn from fonts after the recipe of SYN NUMBERS (Ganin & Lempitsky 2015, section 4.1):
//! one, two or three digits of which the central one counts, in any place, slant, weight, colour and blur.

mod colours;
mod fonts;
mod make;
mod picture;

pub use make::{SynDigits, SynDigitsSummary, make_syn_digits};

/// The directory that holds all of it.
const DIRECTORY: &str = "syn_digits";

/// How many classes there are: the digits 0 to 9, each called by its numeral.
const CLASSES: usize = 10;
