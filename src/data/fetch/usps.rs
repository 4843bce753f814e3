//! Fetches USPS (Hull 1994): digits of 16×16 from envelopes, as IDX files like MNIST's. Public places have them as text with
//! three digits behind the point, each in a form of its own. What is pinned is therefore what comes of the text: whichever
//! place it is from, the bytes that are put in place are the same.

use super::download::{Downloader, Outcome, Patience};
use super::{Attempt, Failure, fetched_nowhere, is_there};
use crate::data::digest::Digest;
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::data::{Part, Progress};
use crate::error::Result;
use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;

/// H and W.
const SIDE: usize = 16;
const PIXELS: usize = SIDE * SIDE;
/// No text of either part is longer, packed or not.
const MOST_BYTES: u64 = 1 << 26;

/// How a place writes a digit.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// gzip: the digit, then a value for each pixel, as the book "The Elements of Statistical Learning" has them.
    Values,
    /// bzip2: the digit plus one, then `index:value` from index 1 on, as LIBSVM has them; 0 may be left out.
    Indexed,
}

/// Where the text of one part may come from.
pub(super) struct Place {
    pub(super) url: String,
    pub(super) form: Form,
}

/// A part, its two files and where they may come from.
pub(super) struct PartFiles {
    pub(super) part: Part,
    /// Of the images, then of the labels, both uncompressed.
    pub(super) digests: [Digest; 2],
    pub(super) places: Vec<Place>,
}

/// The directories, each with the names of the training and the test part.
const PLACES: [(Form, &str, [&str; 2]); 3] = [
    (Form::Values, "https://hastie.su.domains/ElemStatLearn/datasets/", ["zip.train.gz", "zip.test.gz"]),
    (
        Form::Values,
        "https://web.stanford.edu/~hastie/ElemStatLearn/datasets/",
        ["zip.train.gz", "zip.test.gz"],
    ),
    (
        Form::Indexed,
        "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/",
        ["usps.bz2", "usps.t.bz2"],
    ),
];

/// Length and SHA-256 of the images and of the labels of either part: 7,291 and 2,007 digits.
const DIGESTS: [[(u64, &str); 2]; 2] = [
    [
        (1_866_512, "4cd4bc62e6551318fe9ea956ca4b009b0d0393b480c2694b0042358c8349d345"),
        (7_299, "ca21dd4e5a91233d38069e4f468988d3b56f6ce37e1a579a5ad1bd02395488c6"),
    ],
    [
        (513_808, "c457a5ed04299c6a38754b797879bb527abb519e4ec8afccc932d6018f35192a"),
        (2_015, "9d60836db74a1ffe67829f9a2546bd594d5d321f778dbca1578c041da94483a2"),
    ],
];

/// Fetches USPS's four files into `directory`; a part that is there and whole is kept.
pub fn fetch_usps(directory: &Path, progress: &dyn Progress) -> Result<()> {
    fetch_from(&parts(), Patience::default(), directory, progress)
}

pub(super) fn parts() -> Vec<PartFiles> {
    let of = |(index, part): (usize, Part)| PartFiles {
        part,
        digests: DIGESTS[index].map(|(bytes, sha256)| Digest::new(bytes, sha256)),
        places: PLACES
            .iter()
            .map(|(form, directory, names)| Place {
                url: format!("{directory}{}", names[index]),
                form: *form,
            })
            .collect(),
    };
    [Part::Train, Part::Test].into_iter().enumerate().map(of).collect()
}

pub(super) fn fetch_from(
    parts: &[PartFiles],
    patience: Patience,
    directory: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    let mut missing = Vec::new();
    for part in parts {
        if !part.is_in(directory)? {
            missing.push(part);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let staging = Staging::in_directory(directory)?;
    let mut downloader = Downloader::new(patience, progress);
    for part in missing {
        let take =
            |place: &Place, body: &mut dyn Read, task: &Task| part.take(place, body, task, staging.root());
        let outcome = downloader.first(&part.places, |place| (place.url.as_str(), None), take)?;
        if let Outcome::Failed(reasons) = outcome {
            return fetched_nowhere("USPS", &reasons);
        }
        for name in part.names() {
            staging.publish(&name, &directory.join(&name))?;
        }
    }
    Ok(())
}

impl PartFiles {
    /// The names of images and labels, as MNIST's.
    fn names(&self) -> [String; 2] {
        let part = match self.part {
            Part::Train => "train",
            Part::Test => "t10k",
        };
        [format!("{part}-images-idx3-ubyte"), format!("{part}-labels-idx1-ubyte")]
    }

    /// Whether both files are there. Each is looked at, so that one in the way is told before anything is fetched.
    fn is_in(&self, directory: &Path) -> Result<bool> {
        let mut all = true;
        for (name, digest) in self.names().iter().zip(&self.digests) {
            all &= is_there(directory, name, digest)?;
        }
        Ok(all)
    }

    /// Makes the part's files in `directory` of what a place sends.
    fn take(&self, place: &Place, body: &mut dyn Read, task: &Task, directory: &Path) -> Attempt<()> {
        let mut packed = Vec::new();
        let received = body.take(MOST_BYTES).read_to_end(&mut packed);
        received.map_err(|error| Failure::Silent(format!("broke off: {error}")))?;
        task.advance(packed.len() as u64);
        let files = place.form.unpack(&packed).and_then(|text| place.form.digits(&text));
        for ((name, digest), bytes) in
            self.names().iter().zip(&self.digests).zip(files.map_err(Failure::Unusable)?)
        {
            digest.save(&mut &bytes[..], &directory.join(name), |_| {}).map_err(|fault| {
                match fault.into() {
                    Failure::Silent(reason) | Failure::Unusable(reason) => {
                        Failure::Unusable(format!("other digits than USPS's, {name}: {reason}"))
                    }
                    local @ Failure::Local(_) => local,
                }
            })?;
        }
        Ok(())
    }
}

impl Form {
    fn unpack(self, packed: &[u8]) -> std::result::Result<String, String> {
        let mut text = String::new();
        let read = match self {
            Self::Values => MultiGzDecoder::new(packed).take(MOST_BYTES).read_to_string(&mut text),
            Self::Indexed => MultiBzDecoder::new(packed).take(MOST_BYTES).read_to_string(&mut text),
        };
        read.map(|_| text).map_err(|error| format!("not packed as it should be: {error}"))
    }

    /// The IDX files of images and labels.
    fn digits(self, text: &str) -> std::result::Result<[Vec<u8>; 2], String> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (line, number) in text.lines().filter(|line| !line.trim().is_empty()).zip(1..) {
            let (label, values) =
                self.digit(line).ok_or_else(|| format!("line {number} is no digit of 16×16"))?;
            labels.push(label);
            pixels.extend(values.map(byte));
        }
        let count = labels.len() as u32;
        let side = SIDE as u32;
        Ok([idx(&[count, side, side], &pixels), idx(&[count], &labels)])
    }

    /// Label and values of one line.
    fn digit(self, line: &str) -> Option<(u8, [f64; PIXELS])> {
        let mut words = line.split_whitespace();
        let label: f64 = words.next()?.parse().ok()?;
        let mut values = [0.0; PIXELS];
        match self {
            Self::Values => {
                for value in &mut values {
                    *value = words.next()?.parse().ok()?;
                }
                words.next().is_none().then_some(())?;
            }
            Self::Indexed => {
                for word in words {
                    let (index, value) = word.split_once(':')?;
                    let index: usize = index.parse().ok()?;
                    *values.get_mut(index.checked_sub(1)?)? = value.parse().ok()?;
                }
            }
        }
        let label = if matches!(self, Self::Indexed) { label - 1.0 } else { label };
        (0.0..10.0).contains(&label).then_some((label as u8, values))
    }
}

/// −1 is black and 1 is white. Halves go to the even number, as NumPy rounds.
fn byte(value: f64) -> u8 {
    ((value + 1.0) * 127.5).round_ties_even() as u8
}

/// An IDX file of bytes.
fn idx(lengths: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, lengths.len() as u8];
    bytes.extend(lengths.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(values);
    bytes
}
