// PromptGuide: what a model knows, and what it would say about a prompt before it is used.
//
// Owner:  whoever holds it.
// Thread: a plain value.
#pragma once

#include <optional>

#include <QSet>
#include <QString>
#include <QStringList>

namespace longtake {

struct PromptGuide {
    QSet<QString> vocabulary;  // lower case; empty: the model knows more words than can be listed
    QStringList knows;         // worth naming in a hint, best first
    int readsWords = 0;        // about how many words the model reads; 0: no limit to warn of

    // The words the model does not know, in order, each once.
    QStringList unknownWords(const QString& prompt) const;
    // A known word that is written almost like this one.
    std::optional<QString> nearest(const QString& word) const;
};

QStringList wordsOf(const QString& prompt);

// Why a prompt cannot be used at all; nothing when it can.
std::optional<QString> refusalOf(const QString& prompt);

}  // namespace longtake
