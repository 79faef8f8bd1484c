"""Sentences that are no home command, whose answer is `none`.

Frames with slots, and nouns that no home command of this grammar knows.
generate.py keeps one frame or noun in eight for the test set.
`{x}` is a noun without meaning here, `{d}` a device of the grammar (with or
without a room), `{r}` a room, `{n}` a number.
"""


def lines(text):
    return [line.strip() for line in text.strip().splitlines()]


EN_NOUNS = """car dog cat horse tiger elephant spider whale banana apple orange carrot potato tomato sandwich pizza soup
    coffee tea milk bread butter cheese sugar salt rice chicken cake cookie book letter newspaper pencil paper
    bag shoe shirt jacket hat glove umbrella bike train bus plane boat ship truck rocket robot phone laptop
    keyboard mouse printer fridge freezer dishwasher dryer toaster blender microwave piano
    guitar violin drum trumpet ball racket ticket passport wallet key coin map clock watch mirror picture
    painting carpet pillow blanket bed sofa chair table desk shelf wardrobe drawer wall floor roof stairs
    fence gate bench tree flower grass river lake mountain forest beach desert island moon sun star cloud
    rain snow wind storm teacher doctor nurse driver farmer police baker king queen baby brother sister
    mother father uncle aunt cousin neighbour friend boss school hospital church museum bank shop market
    cinema theatre restaurant hotel airport station bridge street village city country game movie song
    story poem joke question answer problem idea plan dream holiday birthday wedding party meeting exam
    homework project report budget engine wheel brake battery charger cable hammer nail screw saw drill
    ladder rope bucket broom towel soap toothbrush razor comb perfume medicine bandage thermometer rabbit
    turtle parrot goldfish hamster snake frog bee butterfly lion bear wolf fox deer cow pig sheep goat duck
    website password email message calendar alarm timer reminder podcast channel volcano castle dragon
    wizard pirate treasure planet satellite telescope microscope""".split()
EN_NOUNS += ["washing machine", "swimming pool"]

EN_FRAMES = lines("""what is the weather like today
    will it rain tomorrow
    tell me a joke
    tell me a story about a {x}
    who won the {x} yesterday
    how far is it to the {x}
    how much does a {x} cost
    what time is it
    what day is it today
    where is my {x}
    where did i put the {x}
    i lost my {x}
    i love my {x}
    i bought a new {x} yesterday
    my {x} is broken again
    the {x} was very good
    the {x} is in the {r}
    there is a {x} in the {r}
    we had a {x} for dinner
    what is a {x}
    how do you spell {x}
    do you like {x}
    have you seen the {x}
    can you buy a {x}
    please call my {x}
    send a message to my {x}
    remind me to feed the {x}
    add {x} to the shopping list
    set a timer for {n} minutes
    set an alarm for {n}
    play a game with me
    sing a song about the {x}
    what is {n} plus {n}
    how many {x} are there
    what is {n} times {n}
    the {x} costs {n} dollars
    i have {n} {x} at home
    good morning
    good night
    how are you today
    what is your name
    who are you
    nice to meet you
    i am very tired today
    i am going to the {x}
    let us go to the {x} tomorrow
    she told me about the {x}
    he works in a {x}
    they will meet at the {x} at {n}
    read me the news
    translate {x} into french
    what is the capital of the {x}
    who invented the {x}
    why is the {x} so big
    is the {x} dangerous
    is there a {x} near the {x}
    open the {x}
    open the {x} in the {r}
    close the {x}
    turn on the {x}
    turn off the {x}
    turn the {x} on
    turn the {x} off
    turn off the {r} {x}
    switch on the {x} in the {r}
    please turn on the {x}
    could you switch off the {x}
    turn up the {x}
    turn the {x} down to {n} percent
    set the {x} to {n} degrees
    set the {r} {x} to {n}
    lock the {x}
    mute the {x}
    is the {x} on
    start the {x}
    stop the {x}
    dim the {x}
    dont turn on the {x}
    put the {x} on the table
    put the {x} in the {r}
    bring me the {x} please
    clean the {x}
    i like the {r}
    the {r} is beautiful
    we painted the {r} last week
    who is in the {r}
    there is nobody in the {r}
    my {d} is very old
    i bought {d} yesterday
    {d} looks nice
    {d} was a present from my {x}
    who invented {d}
    how much did {d} cost
    where can i buy {d}
    i dreamed about {d} last night
    my {x} likes {d}
    we talked about {d}
    i read a book about {d}
    {d} and the {x} are friends
    there was a {x} behind {d}
    {d} is next to the {x}
    we moved {d} to another house
    he is painting {d}
    what colour is {d}
    how old is {d}
    do you like {d}
    somebody stole {d}
    i have {n} of them
    never mind
    forget it
    thank you very much
    that is all
    yes
    no
    maybe later
    i do not know
    what did you say
    say that again
    stop talking
    be quiet
    i am at home
    i will be back at {n}
    see you in {n} minutes
    wake me up at {n}
    how long does a {x} live
    the {x} and the {x}
    {x}
    {x} {x}
    a {x} for my {x}
    {x} in the {r}
    could you
    please
    turn on
    turn it
    the
    in the {r}
    {n} percent
    {n} degrees
    um
    i think the {x} wants {n} {x}
    nobody told me about the {x}
    my {x} said that the {x} is too loud
    is your {x} better than mine
    what would you do with a {x}
    you are a good {x}
    are you a {x}
    give the {x} to my {x}
    find a recipe for {x}
    show me pictures of a {x}
    book a table for {n}
    order a {x} for me
    how do i cook {x}
    when does the {x} open
    when does the {x} close
    the {x} opens at {n}
    is it cold outside
    it is {n} degrees outside
    who is at the {x}
    did you hear the {x}
    i am afraid of the {x}
    i cannot find {d} in the shop
    can you explain how {d} works
    write a poem about {d}
    {d} is made in china
    at what time does the {x} close
    what time does the {x} open
    when do the {x} close
    when will the {x} open
    does the {x} close early
    the {x} closes at {n}
    shut the {x}
    close the {x} in the {r}
    unlock the {x}
    pause the {x}
    turn the {x} up
    raise the {x} by {n} percent
    {d} is very nice
    {d} is my favourite
    {d} is from my {x}
    my {x} bought {d}
    what a nice {x}
    how big is {d}
    i would like a {x}
    make sure you bring the {x}""")

ZH_NOUNS = """汽车 小狗 小猫 老虎 大象 蜘蛛 香蕉 苹果 橙子 土豆 西红柿 面包 披萨 咖啡 牛奶 米饭 鸡肉 蛋糕 饼干 书 报纸 铅笔
    书包 鞋子 衬衫 帽子 手套 雨伞 自行车 火车 飞机 轮船 卡车 火箭 手机 电脑 键盘 鼠标 打印机 冰箱 洗碗机 洗衣机
    烘干机 微波炉 钢琴 吉他 小提琴 足球 篮球 车票 护照 钱包 钥匙 硬币 地图 手表 镜子 照片 地毯 枕头 被子 床 沙发
    椅子 桌子 书架 衣柜 抽屉 墙 地板 屋顶 楼梯 树 花 草地 河 湖 山 森林 海滩 月亮 太阳 星星 云 雨 雪 风 老师 医生
    护士 司机 农民 警察 国王 弟弟 姐姐 妈妈 爸爸 叔叔 邻居 朋友 老板 学校 医院 博物馆 银行 商店 超市 电影院 饭店
    机场 车站 桥 街道 城市 国家 游戏 电影 歌 故事 诗 笑话 问题 主意 计划 假期 生日 婚礼 会议 考试 作业 报告 发动机
    电池 充电器 锤子 钉子 梯子 绳子 扫帚 毛巾 肥皂 牙刷 药 兔子 乌龟 鹦鹉 金鱼 蛇 青蛙 蜜蜂 蝴蝶 狮子 熊 狼 牛 猪
    羊 鸭子 网站 密码 邮件 短信 日历 闹钟 火山 城堡 龙 海盗 行星 望远镜 电梯 电话 电动车 游泳池 望远镜 电影票""".split()

ZH_FRAMES = lines("""今天天气怎么样
    明天会下雨吗
    给我讲个笑话
    讲一个关于{x}的故事
    昨天谁赢了
    到{x}有多远
    {x}多少钱
    现在几点了
    今天星期几
    我的{x}在哪里
    我把{x}放哪了
    我的{x}丢了
    我喜欢我的{x}
    我昨天买了一个{x}
    我的{x}又坏了
    这个{x}很好
    {x}在{r}里
    {r}里有一个{x}
    我们晚饭吃{x}
    什么是{x}
    {x}怎么写
    你喜欢{x}吗
    你看见{x}了吗
    帮我买一个{x}
    给我的{x}打电话
    给{x}发短信
    提醒我喂{x}
    把{x}加到购物单
    定一个{n}分钟的闹钟
    和我玩游戏
    唱一首关于{x}的歌
    {n}加{n}等于几
    {n}乘{n}是多少
    我有{n}个{x}
    早上好
    晚安
    你今天好吗
    你叫什么名字
    你是谁
    很高兴认识你
    我今天很累
    我要去{x}
    明天我们去{x}吧
    她跟我说了{x}的事
    他在{x}工作
    他们{n}点在{x}见面
    念一下新闻
    {x}用英语怎么说
    {x}的首都是哪里
    谁发明了{x}
    {x}为什么这么大
    {x}危险吗
    附近有{x}吗
    打开{x}
    把{x}打开
    打开{r}的{x}
    关掉{x}
    把{x}关掉
    把{r}的{x}关掉
    关闭{x}
    请打开{x}
    帮我关掉{x}
    把{x}调高
    把{x}调到百分之{n}
    把{x}调到{n}度
    把{r}的{x}调到{n}
    锁上{x}
    把{x}静音
    {x}开着吗
    启动{x}
    停止{x}
    不要打开{x}
    别关{x}
    把{x}放在桌子上
    把{x}放在{r}
    把{x}拿给我
    打扫{x}
    我喜欢{r}
    {r}很漂亮
    上周我们刷了{r}的墙
    谁在{r}
    {r}里没有人
    我的{d}很旧了
    我昨天买了{d}
    {d}真好看
    {d}是{x}送的
    谁发明了{d}
    {d}花了多少钱
    哪里能买到{d}
    我昨晚梦见了{d}
    我的{x}喜欢{d}
    我们聊了聊{d}
    我读了一本关于{d}的书
    {d}后面有一个{x}
    {d}在{x}旁边
    {d}是什么颜色的
    {d}用了几年了
    你喜欢{d}吗
    有人偷了{d}
    算了
    没事了
    非常感谢
    就这样
    是的
    不是
    以后再说
    我不知道
    你说什么
    再说一遍
    别说话
    安静
    我在家
    我{n}点回来
    {n}分钟后见
    {n}点叫我起床
    {x}能活多久
    {x}和{x}
    {x}
    给{x}一个{x}
    {r}里的{x}
    请
    打开
    关掉
    在{r}
    百分之{n}
    {n}度
    嗯
    没有人告诉我{x}的事
    我的{x}说{x}太吵了
    你的{x}比我的好吗
    你会用{x}做什么
    你是一个好{x}
    你是{x}吗
    找一个{x}的菜谱
    给我看{x}的照片
    订{n}个人的位子
    给我点一个{x}
    {x}怎么做好吃
    {x}几点开门
    {x}几点关门
    外面冷吗
    外面{n}度
    你听到{x}了吗
    我怕{x}
    商店里没有{d}
    解释一下{d}是怎么工作的
    写一首关于{d}的诗
    {d}是哪里生产的
    {d}很好看
    {d}真漂亮
    {x}真好看
    {d}是我买的
    {d}是{x}买的
    {d}是新的
    {d}很便宜
    {x}什么时候开门
    {x}什么时候关门
    关上{x}
    把{x}关上
    把{x}调低
    将{x}打开
    解锁{x}
    暂停{x}
    我需要一个{x}
    {d}多大
    我想要一个{x}""")
