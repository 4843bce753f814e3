// Which image of a data set a row of the batch is made from: what `order` names from a start that moves every step.
// Requires: params, step, order

// No image.
const NONE = 0xffffffffu;

// Starts and order come from memory that others can write: what lies outside of the data set is NONE.
fn image_of(row: u32) -> u32 {
    let images = arrayLength(&order);
    let start = select(step.source_start, step.target_start, params.domain == 1u);
    let image = order[min(start + row, images - 1u)];
    return select(NONE, image, start < images && row < images - start && image < images);
}
