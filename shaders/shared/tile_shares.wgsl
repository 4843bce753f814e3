// What a thread fetches of the right operand of a tile, and where it puts that.
// Requires: right_place

import "shared/tiles.wgsl";

// One of the four quads of the right operand that a thread fetches at once.
struct Share {
    start: u32,    // where its column lies
    is_one: bool,
    quad: u32,     // among those staged
    place: u32,    // in the tile
}

// Neighbouring threads fetch what lies side by side: a column each, `start` being its place, or a quad each of a column
// of a dense layer.
fn share_of(lane: u32, tile: Tile, index: u32, start: u32) -> Share {
    let member = lane % TEAM;
    let along = params.along_depth == 1u;
    let own = select(member, index * (TEAM / QUADS) + member / QUADS, along);
    let quad = select(index, member % QUADS, along);
    let column = min(tile.column + own, params.columns - 1u);
    let place = right_place(lane / TEAM, quad, own);
    return Share(select(start, column * params.stride.x, along), column == params.ones, quad, place);
}

fn fetched(share: Share, offsets: vec4u) -> vec4f {
    return right_quad(share.start, offsets, share.is_one);
}
