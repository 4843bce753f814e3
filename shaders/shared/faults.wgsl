// How an optimiser reports an update that is no finite number.
// Requires: params, step, faults

// By its bits: compilers may take it that there are no other numbers than finite ones.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

// Names the parameter at `index`, unless an earlier one has a fault too.
fn report_fault(index: u32) {
    // The step's index comes from memory that others can write.
    atomicMax(&faults[min(step.index, params.steps - 1u)], 0xffffffffu - (params.first + index));
}
