// Where the tiles of a batch lie in Winograd's domain, four channels to a texel; joined in front of the shaders that go
// there or come from there. A texture is (tiles / 16 / across, 64 points) rows of (across, C/4, 16 tiles) texels.

const POINTS = 64u;
const TILES = 16u;

// The texel of tile t at point p for channel group g, of `groups`.
fn spectrum_texel(across: u32, groups: u32, t: u32, p: u32, g: u32) -> vec2u {
    let block = t / TILES;
    return vec2u((block % across * groups + g) * TILES + t % TILES, block / across * POINTS + p);
}
