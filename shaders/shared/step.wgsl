// What changes from one training step to the next. The host fills a table of steps, an epoch at a time; before each step one
// row is copied to where the kernels read it, so that a recording can be replayed unchanged.

struct Step {
    index: u32,          // The row of the metrics table that the step writes.
    source_start: u32,   // Where the step's source rows start in the source order.
    target_start: u32,   // Where the step's target rows start in the target order.
    seed: u32,           // The seed of the step's dropout masks.
    lambda: f32,         // λ of the gradient reversal.
    learning_rate: f32,  // The step size of the optimiser.
    optimizer: vec2f,    // What the optimiser needs anew for each step.
    adaptation: f32,     // The share of their weights that the methods of adaptation beside the reversal have.
    average: f32,        // The share of the averaged parameters that stays.
}
