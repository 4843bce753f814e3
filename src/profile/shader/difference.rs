//! How far two results of a shader are apart.

use super::Shader;
use super::numbers::Number;
use super::plan::Shape;
use super::reflect::Resource;
use serde::Serialize;

/// How far two contents of a resource are apart, number by number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Group and binding.
    pub place: String,
    /// The variable.
    pub name: String,
    /// How many numbers were compared.
    pub numbers: u64,
    /// How many are further apart than they may be. What is not a number is.
    pub beyond: u64,
    /// The largest difference; infinite where one is not a number.
    pub largest: f64,
    /// Where it is; the first such place.
    pub at: String,
    /// What the first one holds there.
    pub first: f64,
    /// What the second one holds there.
    pub second: f64,
}

impl Difference {
    /// Whether no number is further from the other than it may be.
    pub fn passes(&self) -> bool {
        self.beyond == 0
    }
}

/// Whole numbers are equal or not. Others may be apart by the share `tolerance` of the larger one, or of 1 if both are smaller.
fn apart([a, b]: [Number; 2], tolerance: f64) -> (f64, bool) {
    match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => (a.abs_diff(b) as f64, a != b),
        _ => {
            let (a, b) = (a.value(), b.value());
            if a == b {
                return (0.0, false);
            }
            let apart = (a - b).abs();
            if apart.is_nan() {
                return (f64::INFINITY, true);
            }
            let most = tolerance * a.abs().max(b.abs()).max(1.0);
            (apart, apart == f64::INFINITY || apart > most)
        }
    }
}

impl Shader {
    /// Compares what a resource of that `shape` held twice, as far as both go.
    pub fn difference(
        &self,
        resource: &Resource,
        shape: Shape,
        tolerance: f64,
        [first, second]: [&[u8]; 2],
    ) -> Difference {
        let mut found = Difference {
            place: resource.place(),
            name: resource.name.clone(),
            numbers: 0,
            beyond: 0,
            largest: 0.0,
            at: String::new(),
            first: 0.0,
            second: 0.0,
        };
        let each = usize::try_from(shape.bytes()).unwrap_or(usize::MAX).max(1);
        let mut largest = None;
        for (index, (first, second)) in first.chunks(each).zip(second.chunks(each)).enumerate() {
            self.each_number(resource, shape, [first, second], &mut |at, both| {
                let (apart, is_beyond) = apart(both, tolerance);
                found.numbers += 1;
                found.beyond += u64::from(is_beyond);
                if apart > found.largest {
                    found.largest = apart;
                    largest = Some((index, at, both));
                }
            });
        }
        if let Some((index, at, [first, second])) = largest {
            let which = resource.count.map_or(String::new(), |_| format!("[{index}] "));
            found.at = format!("{which}{}", self.place_of(resource, shape, at));
            (found.first, found.second) = (first.value(), second.value());
        }
        found
    }
}
