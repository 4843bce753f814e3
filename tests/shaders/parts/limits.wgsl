// A module of WESL may be plain WGSL.
const LOW = 0.0;
const HIGH = 1.0;
