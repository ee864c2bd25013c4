//! What errors say to people, in Chinese and in English: what happened, and what to do next.

use super::ApiError;

impl ApiError {
    /// Message and what to do next, in Chinese and in English.
    #[must_use]
    pub fn sentences(&self) -> [(&str, &'static str); 2] {
        match self {
            ApiError::NotSignedIn => [
                (
                    "尚未登录，或者这部手机没有登记。",
                    "请重新登录；手机请社区办公室发登记码，未上传的记录不会丢失。",
                ),
                (
                    "You are not signed in, or this phone is not enrolled.",
                    "Sign in again, or ask the office for a code; records not yet uploaded stay on the phone.",
                ),
            ],
            ApiError::ClockOff(_) => [
                ("手机的时间和服务器对不上。", "不用操作：手机会照服务器的时间再发一次。"),
                (
                    "The phone's clock and the server's do not agree.",
                    "Nothing to do: the phone asks again by the server's clock.",
                ),
            ],
            ApiError::RequestRepeated => [
                ("这个请求已经处理过了。", "不用操作：手机会重新发。"),
                (
                    "This request was answered already.",
                    "Nothing to do: the phone asks anew.",
                ),
            ],
            ApiError::WrongCredentials => [
                ("账号或密码不正确。", "请核对后重试；忘记密码请联系社区书记。"),
                (
                    "Account or password is wrong.",
                    "Check both and try again, or ask the community secretary.",
                ),
            ],
            ApiError::SecondFactorNeeded => [
                (
                    "密码正确，还要第二步验证。",
                    "请填验证器上的 6 位数字或一个恢复码，或者改用通行密钥登录。",
                ),
                (
                    "The password is right; a second step is needed.",
                    "Type the six digits of your authenticator or a recovery code, or use a passkey.",
                ),
            ],
            ApiError::WrongCode => [
                (
                    "验证码不正确，或者已经用过。",
                    "请等验证器换出下一组数字再填；手机时间不准也会不对。恢复码每个只能用一次。",
                ),
                (
                    "The code is wrong or was used before.",
                    "Wait for the next six digits; check the phone's clock. A recovery code serves once.",
                ),
            ],
            ApiError::NewPasswordNeeded => [
                (
                    "密码正确，请设一个自己的密码。",
                    "社区给的密码只用这一次，设好以后只有您自己知道。",
                ),
                (
                    "The password is right; set one of your own.",
                    "The one that you were given serves this once. Nobody else will know yours.",
                ),
            ],
            ApiError::WeakPassword => [
                (
                    "这个密码太容易猜到，或者和原来的一样。",
                    "请用至少 10 个字，不要用相同的、键盘上连着的或常见的，也不要带登录名。用一句只有自己想得到的话也行。",
                ),
                (
                    "This password is easy to guess, or the same as before.",
                    "Use ten characters or more, not the same, nor in a row on the keyboard, nor what many use, without \
                     your account's name. A sentence that only you would think of will do.",
                ),
            ],
            ApiError::SecondFactorMissing => [
                (
                    "您能管理人员或登记手机，登录要有第二步验证。",
                    "请先在“我的登录”里设置通行密钥或验证器。",
                ),
                (
                    "You may manage staff or enrol phones, so your sign-in needs a second step.",
                    "Set up a passkey or an authenticator under My sign-in first.",
                ),
            ],
            ApiError::FreshProofNeeded => [
                ("这一步要再确认是您本人。", "请用通行密钥或验证码确认，然后再做一次。"),
                (
                    "Please prove once more that it is you.",
                    "Confirm with a passkey or a code, then do it again.",
                ),
            ],
            ApiError::PasskeysNeedName => [
                (
                    "在这个网址上不能用通行密钥。",
                    "通行密钥要用 https 和服务器的名字打开工作台；在这里请用验证器。",
                ),
                (
                    "Passkeys do not work at this address.",
                    "Open the desk over https by the server's name; here, use an authenticator app.",
                ),
            ],
            ApiError::PasskeyRefused => [
                (
                    "这个通行密钥在这里不能用。",
                    "请换一个通行密钥，或用密码登录；它可能已在“我的登录”里删除。",
                ),
                (
                    "This passkey does not serve here.",
                    "Use another or your password; it may have been removed under My sign-in.",
                ),
            ],
            ApiError::CeremonyGone => [
                ("等得太久，或者已经做过。", "请重新开始这一步。"),
                ("This took too long, or was done already.", "Begin this step again."),
            ],
            ApiError::LastSecondFactor => [
                (
                    "这是您最后一个第二步验证，不能删除。",
                    "您能管理人员，登录要有第二步验证；请先设置另一个。",
                ),
                (
                    "This is your last second step and cannot be removed.",
                    "You may manage staff, so your sign-in needs one. Set up another first.",
                ),
            ],
            ApiError::WrongDevice => [
                ("此登录不属于这台设备。", "请在这台设备上重新登录。"),
                (
                    "This sign-in belongs to another device.",
                    "Sign in again on this device.",
                ),
            ],
            ApiError::NotAllowed => [
                ("您没有此项权限。", "如需使用，请联系社区书记。"),
                (
                    "You are not allowed to do this.",
                    "If you need it, ask the community secretary.",
                ),
            ],
            ApiError::UnknownCommunity => [
                ("本服务器没有这个社区。", "请核对社区代码。"),
                ("This server has no such community.", "Check the community code."),
            ],
            ApiError::NotFound => [
                ("没有找到所请求的内容。", "请返回后重试。"),
                ("Nothing was found at this address.", "Go back and try again."),
            ],
            ApiError::DeviceKeyDiffers => [
                (
                    "这台设备已用另一把密钥登记。",
                    "请清除本应用的设备编号后重新登录，将作为新设备登记。",
                ),
                (
                    "This device is registered with another key.",
                    "Make a new device id and key, then sign in again as a new device.",
                ),
            ],
            ApiError::NoInvitation => [
                (
                    "没有这个登记码，或者它已过期、已用过。",
                    "请核对九位数字；还是不行，请社区办公室再发一个。",
                ),
                (
                    "There is no invitation with this code, or it is over or used.",
                    "Check the nine digits, or ask the office for a new one.",
                ),
            ],
            ApiError::DeviceStopped => [
                (
                    "这部手机原来的登记已停用。",
                    "不用操作：手机会作为新手机登记，没上传的记录不会丢。",
                ),
                (
                    "What this phone was registered as has been stopped.",
                    "Nothing to do: it registers as a new one; records not yet uploaded are kept.",
                ),
            ],
            ApiError::EnrolmentRefused => [
                (
                    "社区没有确认这次登记。",
                    "请社区办公室再发一个登记码；手机上的记录不会丢失。",
                ),
                (
                    "The office did not confirm this phone.",
                    "Ask the office for a new code; records on the phone are kept.",
                ),
            ],
            ApiError::UnreadableRequest(_) => [
                ("无法读取请求。", "请更新应用后重试；若仍然失败，请将此提示交给管理员。"),
                (
                    "The request cannot be read.",
                    "Update the app and try again; if it still fails, show this to your administrator.",
                ),
            ],
            ApiError::ValueNotAllowed(problem) => [
                (&problem.zh, "什么都没有写入，请改正后再试。"),
                (&problem.en, "Nothing was written. Correct it and try again."),
            ],
            ApiError::ConflictGone => [
                (
                    "这一项现在只有一个写法了，不用再定。",
                    "什么都没有写入；谁改的、什么时候改的，见“记录”。",
                ),
                (
                    "This field has one value by now; there is nothing left to decide.",
                    "Nothing was written. Records show who changed it and when.",
                ),
            ],
            ApiError::UndoGone => [
                (
                    "这一项后来又有人改过，撤不回了。",
                    "什么都没有写入；现在怎么写的，见“记录”。不对的话再改一次。",
                ),
                (
                    "This has been changed since and cannot be taken back.",
                    "Nothing was written. Records show what it says now; if that is wrong, correct it.",
                ),
            ],
            ApiError::DuplicateGone => [
                (
                    "这两个刚才已经有人定过了。",
                    "什么都没有写入；请刷新，看现在是合并了还是分开的。",
                ),
                (
                    "Somebody has decided about these two meanwhile.",
                    "Nothing was written. Refresh to see whether they are merged now.",
                ),
            ],
            ApiError::HeldGone => [
                ("这一条已经处理过了。", "什么都没有写入；处理结果见“记录”。"),
                (
                    "This entry has been decided about already.",
                    "Nothing was written. Records show what became of it.",
                ),
            ],
            ApiError::GridsChanged => [
                (
                    "网格里的楼栋和户室刚才有了变动。",
                    "什么都没有写入；请看清现在的数字，再选一次。",
                ),
                (
                    "Buildings or doors of the grid have changed meanwhile.",
                    "Nothing was written. Look at the figures as they are now, and choose again.",
                ),
            ],
            ApiError::StillHeld(why) => [
                (&why.zh, "什么都没有写入；可以修改后放行，或者搁置。"),
                (&why.en, "Nothing was written. Amend it, or set it aside."),
            ],
            ApiError::PacketUnreadable => [
                (
                    "这份代交读不出来，可能没有传完整。",
                    "请同事重新做一份；同事的记录仍在他自己的手机上。",
                ),
                (
                    "This packet cannot be read; it may not have come whole.",
                    "Ask your colleague to make another; the records are still on that phone.",
                ),
            ],
            ApiError::PacketElsewhere => [
                (
                    "这份代交不是给本社区服务器的。",
                    "请交给同一个社区的同事；记录仍在做它的手机上。",
                ),
                (
                    "This packet is not for this community's server.",
                    "Give it to a colleague of its own community; the records are still on the phone that made it.",
                ),
            ],
            ApiError::PacketRefused(_) => [
                (
                    "服务器没有收下这份代交。",
                    "请同事连上网后自己同步一次；同事的记录仍在他自己的手机上。",
                ),
                (
                    "The server did not take this packet.",
                    "Your colleague's phone is to sync itself; the records are still on it.",
                ),
            ],
            ApiError::TooLarge => [
                ("请求超过大小限制。", "请分成几次发送。"),
                ("The request is over the size limit.", "Send it in several pieces."),
            ],
            ApiError::ProtocolNotSupported => [
                ("应用版本与服务器不兼容。", "请更新应用；手机上的记录不会丢失。"),
                (
                    "This server does not speak the app's protocol version.",
                    "Update the app; records on the phone are kept.",
                ),
            ],
            ApiError::TooManyRequests(_) => [
                ("请求过于频繁。", "请稍候片刻再试；手机上的记录不会丢失。"),
                (
                    "Too many requests.",
                    "Wait a little, then try again; records on the phone are kept.",
                ),
            ],
            ApiError::Busy(_) => [
                ("服务器现在很忙。", "不用操作：稍后会再试；手机上的记录不会丢失。"),
                (
                    "The server is very busy just now.",
                    "Nothing to do: it is tried again soon; records on the phone are kept.",
                ),
            ],
            ApiError::RangeNotSatisfiable(_) => [
                ("要续传的位置超出了内容的末尾。", "请从头重新下载。"),
                (
                    "The download is to go on beyond its end.",
                    "Download it from the beginning.",
                ),
            ],
            ApiError::Internal(_) => [
                ("服务器内部错误。", "请稍后重试；手机上的记录不会丢失。"),
                ("The server failed.", "Try again later; records on the phone are kept."),
            ],
        }
    }
}
