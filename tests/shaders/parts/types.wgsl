alias Number = f32;
struct Pair { first: Number, second: Number }
fn sum(pair: Pair) -> Number { return pair.first + pair.second; }
