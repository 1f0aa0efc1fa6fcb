// Icons from our own drawings (resources/icons), inked in the colours of the palette they are painted in.
//
// Owner:  each QIcon owns its drawing.
// Thread: GUI thread.
#pragma once

#include <QIcon>

namespace longtake {

enum class IconInk { Text, OnAccent, Record };

// `name` without folder and ending. A name that has no drawing gives a null icon.
QIcon icon(const QString& name, IconInk ink = IconInk::Text);

}  // namespace longtake
