// Where the windows of pooling lie, along one axis of the maps.

// First and one-past-last place of the maps in the window that starts `start` places behind where the padding does.
fn within(start: u32, kernel: u32, padding: u32, size: u32) -> vec2u {
    return vec2u(max(start, padding) - padding, min(start + kernel - padding, size));
}

// First and one-past-last of `count` windows that cover `position`, counted from where the padding starts.
fn windows_over(position: u32, kernel: u32, stride: u32, count: u32) -> vec2u {
    let first = select(0u, (position - kernel) / stride + 1u, position >= kernel);
    return vec2u(first, min(count, position / stride + 1u));
}
