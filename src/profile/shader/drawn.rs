//! Whole numbers of uniform blocks and immediates that were drawn at random. Often they are sizes: then a shader does as much as
//! chance has it, and its rates say nothing.

use super::Shader;
use super::job::Job;
use super::numbers::Number;
use super::plan::Shape;
use super::reflect::Resource;
use serde::{Deserialize, Serialize};

/// A whole number that was drawn at random.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The variable.
    pub name: String,
    /// Where it stands: `params.size.x`.
    pub place: String,
    /// What it is.
    pub value: i64,
}

/// Nobody reads more of them.
const MOST: usize = 16;

impl Job<'_> {
    /// The whole numbers that were drawn at random, the first few of each block.
    pub fn drawn(&self) -> Vec<Drawn> {
        let mut all = Vec::new();
        for (resource, filled) in self.resources.iter().zip(self.contents) {
            let (Some(from), Some(bytes)) = (filled.seeded_from, filled.each.first()) else { continue };
            all.extend(self.shader.drawn(resource, filled.shape, bytes, from));
        }
        all
    }
}

impl Shader {
    fn drawn(&self, resource: &Resource, shape: Shape, bytes: &[u8], from: usize) -> Vec<Drawn> {
        let mut found = Vec::new();
        self.each_number(resource, shape, [bytes; 2], &mut |at, [number, _]| {
            if let Number::Whole(value) = number
                && at >= from
                && found.len() < MOST
            {
                found.push((at, value));
            }
        });
        let drawn = |(at, value): (usize, i128)| Drawn {
            name: resource.name.clone(),
            place: self.place_of(resource, shape, at),
            value: value as i64,
        };
        found.into_iter().map(drawn).collect()
    }
}
