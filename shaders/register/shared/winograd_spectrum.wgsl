// Where things lie in Winograd's domain, four channels to a texel. What a thread and its neighbours read or write, one after
// another, lies within few pages of memory.

const POINTS = 64u;
const TILES = 16u;
const BLOCK = 4u;

// The texel of tile t at point p for channel group g, of `groups`: a row has the points of 16 tiles, (64, 16); rows of all
// groups, then of `column` blocks of tiles, lie below each other, columns of rows side by side.
fn spectrum_texel(column: u32, groups: u32, t: u32, p: u32, g: u32) -> vec2u {
    let block = t / TILES;
    return vec2u((block / column * POINTS + p) * TILES + t % TILES, block % column * groups + g);
}

// The texel of a weight at point p, four outputs of group g, of `groups`, for channel k of input group c; a block of output
// groups lies side by side.
fn weight_texel(groups: u32, c: u32, k: u32, g: u32, p: u32) -> vec2u {
    return vec2u((g % BLOCK * 4u + k) * POINTS + p, c * ((groups + BLOCK - 1u) / BLOCK) + g / BLOCK);
}
