// One line above the canvas that says what went wrong or asks a question, until it is closed.
//
// Owner:  MainWindow.
// Thread: GUI thread.
#pragma once

#include <functional>
#include <vector>

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace longtake {

class NoticeBar final : public QWidget {
    Q_OBJECT

public:
    explicit NoticeBar(QWidget* parent = nullptr);

    void showError(const QString& message);
    void showHint(const QString& message);
    struct Answer {
        QString text;
        std::function<void()> action;
    };
    // Stays until it is answered or closed; a hint does not push it away.
    void ask(const QString& message, const std::vector<Answer>& answers);
    QString text() const;

private:
    void show(const QString& message, const char* role);
    void clearAnswers();

    QHBoxLayout* row_ = nullptr;
    QLabel* text_ = nullptr;
    std::vector<QPushButton*> answers_;
};

}  // namespace longtake
