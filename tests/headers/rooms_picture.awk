# The picture of the rooms (rooms.svg) from rooms.tsv: a box for each house, the rooms in it by name, and an arrow where a room of one house may
# include files of a different one. Where the boxes stand is said here, everything else comes from the list.
#   awk -F '\t' -f rooms_picture.awk rooms.tsv

function house(name, x, y, width, height, colour, text) {
  names[++houses] = name
  left[name] = x; top[name] = y; w[name] = width; h[name] = height; kind[name] = colour; about[name] = text
}
# The longest house that holds a path; none for the compiler's attributes and for tests.
function house_of(path) {
  for (path = path "/x"; sub(/\/[^\/]*$/, "", path); )
    if (path in left) return path
  return ""
}
function reaches(from, to,   i) {
  if (arrow[from, to]) return 1
  for (i = 1; i <= houses; ++i)
    if (arrow[from, names[i]] && reaches(names[i], to)) return 1
  return 0
}
function middle(name) { return left[name] + w[name] / 2 }
# Place of one arrow among all that leave `name` (or, with `in_`, arrive), by where the others go: no two cross at the box.
function place(name, other, in_,   i, count, rank) {
  for (i = 1; i <= houses; ++i)
    if (in_ ? drawn[names[i], name] : drawn[name, names[i]]) {
      ++count
      if (middle(names[i]) <= middle(other)) ++rank
    }
  return left[name] + w[name] * (rank - 0.5) / count
}
function text(x, y, class, words) { printf "<text x=\"%d\" y=\"%d\" class=\"%s\">%s</text>\n", x, y, class, words }

BEGIN {
  house("sim", 20, 44, 590, 124, "pc", "flmsim: a board and its surroundings, in simulated time")
  house("tools/flmctl", 650, 44, 290, 48, "pc", "the console")
  house("tools/calibration", 650, 118, 160, 50, "pc", "")
  house("tools/flash", 830, 118, 110, 50, "pc", "")
  house("firmware", 20, 232, 380, 70, "avr", "the board application")
  house("tools/mainboard", 440, 232, 500, 70, "pc", "what a main board knows of a sensor board")
  house("hal", 20, 362, 180, 52, "avr", "registers, or a PC\047s")
  house("boards", 20, 480, 205, 52, "both", "pins, clocks, fuses")
  house("firmware/metering", 255, 480, 215, 52, "both", "samples to watts, pulses")
  house("protocol", 500, 480, 215, 52, "both", "bytes on wires")
  house("tools/common", 745, 480, 195, 52, "pc", "files, words, plots")
}
/^#/ { next }
{
  room = $1; mine = house_of(room)
  if (mine == "") next
  if (room != mine) {
    shown = substr(room, length(mine) + 2)
    if (shown !~ /\//) rooms[mine] = rooms[mine] (rooms[mine] == "" ? "" : " &#183; ") shown
    else inner[mine] = inner[mine] (inner[mine] == "" ? "" : " &#183; ") shown
  }
  count = split($2, known, /, */)
  for (i = 1; i <= count; ++i) {
    other = house_of(known[i])
    if (other != "" && other != mine) arrow[mine, other] = 1
  }
}
END {
  print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 560\" role=\"img\" aria-label=\"The rooms and who may include whom\">"
  print "<style>"
  print "text { font: 13px sans-serif; fill: #1b2430; } .name { font-weight: bold; font-size: 15px; } .rooms { fill: #1b2430; } .about, .side { fill: #56616f; }"
  print "rect { stroke-width: 1.5; rx: 6px; } .page { fill: #fff; } .avr { fill: #fdf0e2; stroke: #b8621b; } .pc { fill: #e6f1fa; stroke: #1f6fa8; }"
  print ".both { fill: #e7f5ec; stroke: #23804f; } .line { fill: none; stroke: #56616f; stroke-width: 1.4; } .head { fill: #56616f; }"
  print "@media (prefers-color-scheme: dark) { text, .rooms { fill: #e6ebf1; } .about, .side { fill: #a3afbd; } .page { fill: #10161d; }"
  print ".avr { fill: #3a2a18; stroke: #e0995a; } .pc { fill: #16293a; stroke: #6cb2e3; } .both { fill: #17301f; stroke: #63bd8b; }"
  print ".line { stroke: #a3afbd; } .head { fill: #a3afbd; } }"
  print "</style>"
  print "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"head\" d=\"M0 1L10 5L0 9z\"/></marker></defs>"
  print "<rect class=\"page\" width=\"960\" height=\"560\"/>"
  # Only what no chain of others says already.
  for (a = 1; a <= houses; ++a)
    for (b = 1; b <= houses; ++b) {
      from = names[a]; to = names[b]
      if (!arrow[from, to]) continue
      around = 0
      for (c = 1; c <= houses; ++c)
        if (names[c] != to && arrow[from, names[c]] && reaches(names[c], to)) around = 1
      drawn[from, to] = !around
    }
  for (a = 1; a <= houses; ++a)
    for (b = 1; b <= houses; ++b)
      if (drawn[names[a], names[b]])
        printf "<path class=\"line\" marker-end=\"url(#head)\" d=\"M%d %dL%d %d\"/>\n", place(names[a], names[b], 0), top[names[a]] + h[names[a]],
          place(names[b], names[a], 1), top[names[b]] - 2
  text(20, 28, "side", "Blue: for a PC. Orange: for the controller, and the simulator\047s native engine. Green: for both. Arrow: may include files of.")
  for (a = 1; a <= houses; ++a) {
    name = names[a]; x = left[name] + 12; y = top[name] + 20
    printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", kind[name], left[name], top[name], w[name], h[name]
    text(x, y, "name", name "/")
    if (about[name] != "") text(x, y += 19, "about", about[name])
    if (rooms[name] != "") text(x, y += 20, "rooms", rooms[name])
    if (inner[name] != "") text(x, y += 20, "rooms", inner[name])
  }
  print "</svg>"
}
