// What failed, in the language of the window. The engine and the writers of files say in one English line what was
// wrong; here is what was tried and what can be found out about the file or the disk afterwards. The line stays as the
// detail, for whoever wants it.
//
// Thread: any.
#pragma once

#include <string>

#include <QString>

#include "app/session/session_listener.h"
#include "app/studio/export_format.h"

namespace longtake {

struct Failure {
    QString text;    // what, why, what to do
    QString detail;  // the English line; may be empty
};

Failure notAModel(const QString& folder, const std::string& line);
Failure notAProject(const QString& file, const std::string& line);  // or a video without one
Failure notAPicture(const QString& file, const std::string& line);
Failure notSaved(const QString& file, const std::string& line);
Failure notExported(const QString& file, ExportFormat format, const std::string& line);
Failure notRecovered(const QString& file, const std::string& line);
// subject: the model's folder while loading, the start picture while beginning; may be empty.
Failure sessionFailure(FailedAt at, const QString& subject, const std::string& line);

}  // namespace longtake
